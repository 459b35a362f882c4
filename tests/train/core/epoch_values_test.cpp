#include "libtrain/core/epoch_values.hpp"

#include <gtest/gtest.h>

#include "libingest/core/error.hpp"

namespace eoshard::train {
namespace {

TEST(EpochValues, ReadsAndWritesNumbersByEpoch) {
  const EpochValues values = EpochValues::parse("512,20:16384,30:64");
  EXPECT_EQ(values.at(0), 512);
  EXPECT_EQ(values.at(19), 512);
  EXPECT_EQ(values.at(20), 16384);
  EXPECT_EQ(values.at(1000), 64);
  EXPECT_EQ(values.text(), "512,20:16384,30:64");
  EXPECT_EQ(EpochValues::parse("7"), EpochValues(7));
}

TEST(EpochValues, RefusesWhatItCannotRead) {
  for (const char* text : {"", "x", "1,2", "1,5:2,5:3", "1,5:2,0:3", "1,0:2x", "1,", "-4", "1,3:", "1:2"}) {
    EXPECT_THROW(EpochValues::parse(text), Error) << text;
  }
}

TEST(EpochValues, SwitchesOfSeveralListsAreJoined) {
  const auto epochs = switching_epochs({EpochValues::parse("1,5:2"), EpochValues::parse("3,5:4,9:8"), EpochValues(7)});
  EXPECT_EQ(epochs, (std::vector<std::int64_t>{0, 5, 9}));
}

}  // namespace
}  // namespace eoshard::train
