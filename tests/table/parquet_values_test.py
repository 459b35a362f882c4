"""BigEarthNet v2's own tables: what the library reads equals what pyarrow reads."""
import collections
import json
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402

COLUMNS = ["labels", "split", "country", "contains_seasonal_snow", "contains_cloud_or_shadow"]


def text_of(value):
    return str(value).lower() if isinstance(value, bool) else value


class BigEarthNetTables(unittest.TestCase):
    def compare(self, name, rows):
        import pyarrow.parquet
        path = harness.SHARED / "data" / "bigearthnet" / name
        harness.need_shared(f"data/bigearthnet/{name}")
        program = harness.BIN.parent / "tests" / "count_parquet_values"
        ours = json.loads(subprocess.run([program, path, *COLUMNS], check=True, capture_output=True).stdout)
        table = pyarrow.parquet.read_table(path, columns=COLUMNS)
        self.assertEqual(ours["rows"], rows)
        self.assertEqual(table.num_rows, rows)
        for column in COLUMNS:
            values = table[column].combine_chunks()
            values = values.flatten() if column == "labels" else values
            expected = collections.Counter(map(text_of, values.to_pylist()))
            self.assertEqual(ours["counts"][column], dict(expected), column)

    def test_recommended_patches(self):
        self.compare("metadata.parquet", 480_038)

    def test_patches_with_snow_cloud_or_shadow(self):
        self.compare("metadata_for_patches_with_snow_cloud_or_shadow.parquet", 69_450)


harness.main()
