#include "libingest/table/compressed_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "libingest/core/error.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class CompressedText : public testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path() / name, std::ios::binary) << text;
    return folder_.path() / name;
  }

  // The text as a compressor of the system leaves it, under a name that says nothing.
  fs::path compress(const std::string& command, const std::string& text) const {
    const fs::path plain = write("plain", text), packed = folder_.path() / "packed";
    const std::string line = command + " -c < " + plain.string() + " > " + packed.string();
    if (std::system(line.c_str()) != 0) ADD_FAILURE() << line;
    return packed;
  }

  TemporaryFolder folder_;
};

std::string long_text() {
  std::string text;
  for (int line = 0; line < 20000; ++line) text += "S2A_MSIL2A_20170717T113321_" + std::to_string(line) + "_89\r\n";
  return text;
}

TEST_F(CompressedText, PlainTextIsReadAsItIs) {
  EXPECT_EQ(read_compressed_text(write("list.csv", long_text())), long_text());
  EXPECT_EQ(read_compressed_text(write("one", "a")), "a");
  EXPECT_EQ(read_compressed_text(write("empty", "")), "");
}

TEST_F(CompressedText, TheFirstBytesSayHowItIsCompressed) {
  for (const char* command : {"gzip", "bzip2"}) {
    EXPECT_EQ(read_compressed_text(compress(command, long_text())), long_text()) << command;
  }
}

TEST_F(CompressedText, ACutOrMissingFileIsNamed) {
  const fs::path packed = compress("bzip2", long_text());
  fs::resize_file(packed, fs::file_size(packed) - 20);
  for (const fs::path& path : {packed, folder_.path() / "missing.csv"}) {
    try {
      read_compressed_text(path);
      ADD_FAILURE() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::input);
      EXPECT_THAT(error.what(), HasSubstr(path.string()));
    }
  }
}

}  // namespace
}  // namespace eoshard::ingest
