"""SAT-4 and SAT-6: every value that the readers give equals what scipy and numpy read, and damaged files are refused."""
import pathlib
import struct
import sys
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import archive_dump, harness, sat_files  # noqa: E402

import numpy  # noqa: E402
import scipy.io  # noqa: E402

CLASSES = {"sat4": ["barren land", "trees", "grassland", "none"],
           "sat6": ["building", "barren land", "trees", "grassland", "road", "water"]}
SPLITS = {"train": 0, "test": 2}


def expected_samples(kind, data):
    return [{"key": f"{split}_{index:07}", "split": SPLITS[split], "labels": [CLASSES[kind][number]]}
            for split, (_, numbers) in data.items() for index, number in enumerate(numbers)]


class SatTest(harness.FolderTest):
    def dump(self, kind, source):
        return archive_dump.dump(kind, source, self.folder / "dump")

    def refusal(self, kind, source):
        return archive_dump.refusal(self, kind, source, self.folder / "dump")

    def check(self, kind, source, data):
        layout, samples, values = self.dump(kind, source)
        self.assertEqual(layout["classes"], CLASSES[kind])
        self.assertEqual(layout["arrays"][0]["bands"], ["R", "G", "B", "NIR"])
        self.assertEqual(samples, expected_samples(kind, data))
        numpy.testing.assert_array_equal(values, numpy.concatenate([pixels for pixels, _ in data.values()]))


class MatFiles(SatTest):
    def read_by_scipy(self, file):
        found = scipy.io.loadmat(file)
        return {split: (found[f"{split}_x"].transpose(3, 2, 0, 1), found[f"{split}_y"].argmax(0)) for split in SPLITS}

    def test_equals_scipy(self):
        for kind, compress in (("sat4", False), ("sat4", True), ("sat6", False), ("sat6", True)):
            with self.subTest(kind=kind, compress=compress):
                file = self.folder / "made.mat"
                classes = len(CLASSES[kind])
                sat_files.write_mat(file, sat_files.make(classes, 1500, 3), classes, compress)
                self.check(kind, file, self.read_by_scipy(file))

    def test_labels_of_other_types_and_one_sample(self):
        data = sat_files.make(6, 7, 1)
        hot = {f"{split}_y": sat_files.one_hot(numbers, 6) for split, (_, numbers) in data.items()}
        for number in (numpy.float64, numpy.float32, numpy.int16, numpy.bool_):
            with self.subTest(number=number):
                file = self.folder / "sat-6-full.mat"
                sat_files.write_mat(file, data, 6, **{name: values.astype(number) for name, values in hot.items()})
                self.check("sat6", self.folder, data)

    def test_another_layout_is_refused(self):
        file = self.folder / "made.mat"
        data = sat_files.make(6, 4, 2)
        sat_files.write_mat(file, data, 6)
        self.assertIn("train_y 6x4, but sat-4 is 28x28x4xN and 4xN", self.refusal("sat4", file))
        scipy.io.savemat(file, {"images": data["train"][0], "other": 1})
        self.assertIn("has no variable 'train_x'; its variables are: images, other", self.refusal("sat6", file))
        sat_files.write_mat(file, data, 6, train_x=data["train"][0].transpose(2, 3, 1, 0).astype(float))
        self.assertIn("'train_x' stores numbers of type 9, not bytes", self.refusal("sat6", file))
        sat_files.write_mat(file, data, 6, train_x=data["train"][0].transpose(2, 3, 1, 0) * 1j)
        self.assertIn("'train_x' is no array of real numbers", self.refusal("sat6", file))
        wrong = sat_files.one_hot(data["test"][1], 6)
        wrong[:, 1] = [1, 0, 1, 0, 0, 0]
        sat_files.write_mat(file, data, 6, test_y=wrong)
        self.assertIn("made.mat: test_y, sample 2: the label (1, 0, 1, 0, 0, 0) is not one 1", self.refusal("sat6", file))

    def test_no_mat_5_file_is_refused(self):
        file = self.folder / "made.mat"
        for content, words in ((b"", "too short"), (bytes(200), "no MATLAB file of version 5"),
                               (b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM", "MATLAB 7.3 file; save it"),
                               (b"MATLAB 5.0 MAT-file".ljust(124) + b"\1\0MI", "big-endian")):
            file.write_bytes(content)
            self.assertIn(words, self.refusal("sat6", file))
        self.assertIn("cannot open", self.refusal("sat6", self.folder / "absent.mat"))

    def test_a_cut_is_found_before_anything_is_read(self):
        file = self.folder / "made.mat"
        for compress in (False, True):
            sat_files.write_mat(file, sat_files.make(6, 40, 10), 6, compress)
            whole = file.read_bytes()
            for length in (len(whole) - 1, len(whole) // 2, 131):
                file.write_bytes(whole[:length])
                self.assertIn("made.mat is cut", self.refusal("sat6", file))

    def test_damage_is_found(self):
        """A flipped bit in the pixels or in any checksum; an array that says more values than it holds."""
        file = self.folder / "made.mat"
        sat_files.write_mat(file, sat_files.make(6, 41, 10), 6, compress=True)
        whole = file.read_bytes()
        found = max((len(element), offset) for offset, element in elements(whole))
        checksums = [offset + len(element) - 2 for offset, element in list(elements(whole))[1:]]
        for position in (found[1] + 200, found[1] + found[0] // 2, *checksums):
            damaged = bytearray(whole)
            damaged[position] ^= 16
            file.write_bytes(damaged)
            self.assertIn("made.mat is damaged", self.refusal("sat6", file))
        inside = bytearray(zlib.decompress(whole[found[1]:found[1] + found[0]]))
        inside[32 + 12:32 + 16] = struct.pack("<i", 42)  # the last of the four sizes
        packed = zlib.compress(inside)
        file.write_bytes(whole[:found[1] - 4] + struct.pack("<I", len(packed)) + packed + whole[sum(found):])
        self.assertIn("is damaged: it says 131712 values, but stores 128576 bytes", self.refusal("sat6", file))


def elements(content):
    """(offset, bytes) of the elements of a MAT 5 file's top level."""
    offset = 128
    while offset < len(content):
        size = struct.unpack_from("<I", content, offset + 4)[0]
        yield offset + 8, content[offset + 8:offset + 8 + size]
        offset += 8 + size


class CsvFiles(SatTest):
    def read_by_numpy(self, folder, names):
        data = {}
        for split in SPLITS:
            rows = numpy.loadtxt(folder / names.format("X", split), numpy.uint8, delimiter=",")
            hot = numpy.loadtxt(folder / names.format("y", split), numpy.uint8, delimiter=",")
            data[split] = rows.reshape(-1, 28, 28, 4).transpose(0, 3, 1, 2), hot.argmax(1)
        return data

    def test_equals_numpy(self):
        for kind in CLASSES:
            folder = self.folder / kind
            sat_files.write_csv(folder, sat_files.make(len(CLASSES[kind]), 30, 12), len(CLASSES[kind]), kind)
            self.check(kind, folder, self.read_by_numpy(folder, "{}_{}_" + kind + ".csv"))

    def test_real_samples(self):
        harness.need_shared("data/sat6-csv")
        folder = harness.SHARED / "data/sat6-csv"
        data = self.read_by_numpy(folder, "{1}_{0}_200.csv")
        self.assertEqual([len(pixels) for pixels, _ in data.values()], [200, 200])
        self.check("sat6", folder, data)

    def test_line_ends(self):
        data = sat_files.make(6, 5, 4)
        sat_files.write_csv(self.folder, data, 6, "sat6")
        for file in self.folder.glob("*.csv"):
            file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n").rstrip() + (b"\r\n\r\n" if "test" in file.name else b""))
        self.check("sat6", self.folder, data)

    def damaged(self, name, line, change):
        """What is said when `change` has been applied to a line (from 1) of a file."""
        sat_files.write_csv(self.folder, sat_files.make(6, 9, 4), 6, "sat6")
        file = self.folder / name
        lines = file.read_text().splitlines()
        lines[line - 1:line] = change(lines[line - 1])
        file.write_text("".join(text + "\n" for text in lines))
        return self.refusal("sat6", self.folder)

    def test_bad_lines_are_named(self):
        self.assertIn("X_train_sat6.csv: line 3 has 3135 columns instead of 3136",
                      self.damaged("X_train_sat6.csv", 3, lambda text: [text.rpartition(",")[0]]))
        self.assertIn("X_test_sat6.csv: line 1: column 2: '256' is no whole number from 0 to 255",
                      self.damaged("X_test_sat6.csv", 1, lambda text: ["7,256," + text.split(",", 2)[2]]))
        self.assertIn("line 2: column 3136: '' is no whole number",
                      self.damaged("X_train_sat6.csv", 2, lambda text: [text.rpartition(",")[0] + ","]))
        self.assertIn("y_train_sat6.csv: line 9: the label (0, 0, 0, 0, 0, 0) is not one 1",
                      self.damaged("y_train_sat6.csv", 9, lambda text: ["0,0,0,0,0,0"]))
        self.assertIn("y_train_sat6.csv: line 4 has 4 columns instead of 6",
                      self.damaged("y_train_sat6.csv", 4, lambda text: ["1,0,0,0"]))
        self.assertIn("y_test_sat6.csv ends behind line 3, but", self.damaged("y_test_sat6.csv", 2, lambda text: []))
        self.assertIn("X_test_sat6.csv ends behind line 3, but", self.damaged("X_test_sat6.csv", 4, lambda text: []))

    def test_what_is_missing_is_named(self):
        sat_files.write_csv(self.folder, sat_files.make(6, 3, 3), 6, "sat6")
        (self.folder / "y_test_sat6.csv").unlink()
        self.assertIn("one CSV file with y and test in its name, such as y_test_sat6.csv, but found neither; its CSV files "
                      "are: X_test_sat6.csv, X_train_sat6.csv, y_train_sat6.csv", self.refusal("sat6", self.folder))
        self.assertIn("sat-4-full.mat", self.refusal("sat4", self.folder))
        (self.folder / "X_train_2.csv").touch()
        self.assertIn("found more than one", self.refusal("sat6", self.folder))

    def test_no_text_is_refused(self):
        sat_files.write_csv(self.folder, sat_files.make(6, 3, 3), 6, "sat6")
        (self.folder / "X_train_sat6.csv").write_bytes(bytes(4 << 20))
        self.assertIn("X_train_sat6.csv holds no lines of text", self.refusal("sat6", self.folder))


harness.main()
