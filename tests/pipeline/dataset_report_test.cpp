// Datasets that are not the usual one.
#include "libingest/pipeline/dataset_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/table/csv.hpp"
#include "tests/support/synthetic_dataset.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

using testing::HasSubstr;
using testing::Not;

class DatasetReportTest : public testing::Test {
 protected:
  // Tables without a place for their patches, as datasets that come from no product have them.
  void write_tables(const DatasetManifest& manifest, const std::string& labels) {
    std::string rows = "split,index,patch_id,labels\n";
    for (const Split& split : manifest.splits) {
      for (std::int64_t index = 0; index < split.samples; ++index) {
        const std::array<std::string, 4> fields = {split.name, std::to_string(index),
                                                   split.name + std::to_string(index), labels};
        rows += csv_row(fields);
      }
    }
    write_file(folder_.path() / "samples.csv", rows, Durability::rename_only);
    write_file(folder_.path() / "rejected.csv", "patch_id,reason\n", Durability::rename_only);
  }

  std::string report_of(const SyntheticDataset& wanted, const std::string& labels = "class 0;class 2") {
    write_synthetic_dataset(folder_.path(), wanted);
    const DatasetManifest manifest = read_manifest(folder_.path());
    write_tables(manifest, labels);
    return dataset_report(folder_.path(), manifest);
  }

  TemporaryFolder folder_;
};

SyntheticDataset dataset_of(std::int64_t train, std::int64_t validation, std::int64_t test) {
  SyntheticDataset wanted;
  wanted.train = train;
  wanted.validation = validation;
  wanted.test = test;
  return wanted;
}

ImageArray array_of(const std::string& name, std::vector<std::string> bands, std::int64_t side) {
  const auto count = static_cast<std::int64_t>(bands.size());
  return {name, 10, std::move(bands), {count, side, side}, "uint16"};
}

TEST_F(DatasetReportTest, OnlyUpsampledBands) {
  SyntheticDataset wanted = dataset_of(3, 1, 1);
  wanted.arrays = {array_of("data_super", {"B02", "B03", "B04", "B11"}, 12)};
  wanted.arrays.front().role = ArrayRole::upsampled;
  const std::string page = report_of(wanted);
  EXPECT_THAT(page, HasSubstr("B04, B03, B02 as red, green and blue"));
  EXPECT_THAT(page, HasSubstr("data:image/jpeg;base64,"));
  EXPECT_THAT(page, HasSubstr("Histogram of B11"));
}

TEST_F(DatasetReportTest, WithoutRedGreenAndBlueInOneArray) {
  SyntheticDataset wanted = dataset_of(3, 1, 1);
  wanted.arrays = {array_of("data_20m", {"B05", "B06"}, 6), array_of("data_10m", {"B02", "B04"}, 12)};
  EXPECT_THAT(report_of(wanted), HasSubstr("B05 in grey"));
}

TEST_F(DatasetReportTest, ByteValues) {
  SyntheticDataset wanted = dataset_of(3, 1, 1);
  wanted.arrays = {array_of("data", {"R", "G", "B"}, 12)};
  wanted.arrays.front().dtype = "uint8";
  EXPECT_THAT(report_of(wanted), HasSubstr("R in grey"));
}

TEST_F(DatasetReportTest, EmptySplits) {
  const std::string page = report_of(dataset_of(2, 0, 0));
  EXPECT_THAT(page, HasSubstr("The split validation is empty."));
  EXPECT_THAT(page, HasSubstr("The split test is empty."));
  EXPECT_THAT(page, Not(HasSubstr("has no sample of"))) << "an empty split lacks every class; one note says it";
}

TEST_F(DatasetReportTest, NoSamplesAtAll) {
  const std::string page = report_of(dataset_of(0, 0, 0));
  EXPECT_THAT(page, HasSubstr("<b>0</b><span>samples</span>"));
  EXPECT_THAT(page, Not(HasSubstr("nan")));
  EXPECT_THAT(page, Not(HasSubstr("<section id=\"pictures\">")));
}

TEST_F(DatasetReportTest, WithoutLabels) {
  const std::string page = report_of(dataset_of(3, 1, 1), "");
  EXPECT_THAT(page, HasSubstr("4 classes without a sample"));
  EXPECT_THAT(page, HasSubstr("<h3>Without a label</h3>"));
  EXPECT_THAT(page, HasSubstr(": no labels\""));
}

TEST_F(DatasetReportTest, MoreSamplesThanAreRead) {
  SyntheticDataset wanted = dataset_of(kReportSamples + 300, 30, 0);
  wanted.arrays = {array_of("data_10m", {"B02", "B03", "B04"}, 2)};
  const std::string page = report_of(wanted);
  EXPECT_THAT(page, HasSubstr("1,000 of 1,330 samples, evenly spaced"));
}

TEST_F(DatasetReportTest, ClassesThatASplitLacks) {
  write_synthetic_dataset(folder_.path(), dataset_of(1, 1, 1));
  write_file(folder_.path() / "samples.csv",
             "split,index,patch_id,labels\ntrain,0,a,class 0;class 1\nvalidation,0,b,class 0\ntest,0,c,class 0\n",
             Durability::rename_only);
  write_file(folder_.path() / "rejected.csv", "patch_id,reason\n", Durability::rename_only);
  const std::string page = dataset_report(folder_.path(), read_manifest(folder_.path()));
  EXPECT_THAT(page, HasSubstr("<li>test has no sample of class 1.</li>"));
  EXPECT_THAT(page, Not(HasSubstr("train has no sample of")));
}

TEST_F(DatasetReportTest, AMissingTableIsAnError) {
  write_synthetic_dataset(folder_.path(), dataset_of(1, 1, 1));
  EXPECT_THROW(dataset_report(folder_.path(), read_manifest(folder_.path())), Error);
}

}  // namespace
}  // namespace eoshard::ingest
