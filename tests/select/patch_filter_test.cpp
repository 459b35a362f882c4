#include "libingest/select/patch_filter.hpp"

#include <gtest/gtest.h>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

const LabelEvidence kLabelled{kLabelPixelsPerPatch, true};

std::optional<RejectReason> judge(const SclCounts& counts, const FilterThresholds& thresholds = {}) {
  return judge_patch(counts, kLabelled, thresholds);
}

TEST(JudgePatch, AClearPatchIsKept) { EXPECT_EQ(judge({}), std::nullopt); }

TEST(JudgePatch, ThresholdsAreInclusive) {
  EXPECT_EQ(judge({.cloud = 360}), std::nullopt);  // exactly 10 %
  EXPECT_EQ(judge({.cloud = 361}), RejectReason::cloud);
  EXPECT_EQ(judge({.snow = 360}), std::nullopt);
  EXPECT_EQ(judge({.snow = 361}), RejectReason::snow);
  EXPECT_EQ(judge({.no_data = 1}), RejectReason::no_data);
}

TEST(JudgePatch, CloudCountsShadowUnlessShadowHasItsOwnLimit) {
  const SclCounts half_and_half{.shadow = 200, .cloud = 200};
  EXPECT_EQ(judge(half_and_half), RejectReason::cloud);
  FilterThresholds thresholds;
  thresholds.max_shadow_percent = 10;
  EXPECT_EQ(judge(half_and_half, thresholds), std::nullopt);
  thresholds.max_shadow_percent = 5;
  EXPECT_EQ(judge(half_and_half, thresholds), RejectReason::shadow);
}

TEST(JudgePatch, TheFirstReasonCounts) {
  SclCounts everything{.no_data = 720, .saturated = 720, .shadow = 720, .cloud = 720, .snow = 720};
  FilterThresholds thresholds;
  thresholds.max_shadow_percent = 0;
  thresholds.max_saturated_percent = 0;
  const auto next = [&] { return judge_patch(everything, LabelEvidence{}, thresholds); };
  EXPECT_EQ(next(), RejectReason::no_data);
  everything.no_data = 0;
  EXPECT_EQ(next(), RejectReason::cloud);
  everything.cloud = 0;
  EXPECT_EQ(next(), RejectReason::shadow);
  everything.shadow = 0;
  EXPECT_EQ(next(), RejectReason::snow);
  everything.snow = 0;
  EXPECT_EQ(next(), RejectReason::saturated);
  everything.saturated = 0;
  EXPECT_EQ(next(), RejectReason::unlabelled);
}

TEST(JudgePatch, LabelsMustCoverMoreThanTheirShareAndBelongToTheNomenclature) {
  const auto with_labels = [](int pixels, bool has_class) {
    return judge_patch({}, LabelEvidence{pixels, has_class}, {});
  };
  EXPECT_EQ(with_labels(10800, true), RejectReason::unlabelled);  // exactly 75 %
  EXPECT_EQ(with_labels(10801, true), std::nullopt);
  EXPECT_EQ(with_labels(10801, false), RejectReason::no_label);
}

TEST(JudgePatch, WithoutLabelsOnlyThePixelsCount) { EXPECT_EQ(judge_patch({}, std::nullopt, {}), std::nullopt); }

TEST(CountScl, CountsEachPatchOfTheGridAlone) {
  const int width = 150;  // two patches of 60 pixels and a rest of 30
  std::vector<std::uint8_t> scl(width * width, 4);
  scl[0] = 0;                 // patch (0, 0)
  scl[59] = 9;                // still patch (0, 0)
  scl[60] = 8;                // patch (1, 0)
  scl[60 * width + 60] = 11;  // patch (1, 1)
  scl[59 * width + 0] = 3;    // patch (0, 0)
  scl[149] = 10;              // in the rest: no patch
  const auto counts = count_scl(scl, width, {2, 2});
  ASSERT_EQ(counts.size(), 4u);
  EXPECT_EQ(counts[0].no_data, 1);
  EXPECT_EQ(counts[0].cloud, 1);
  EXPECT_EQ(counts[0].shadow, 1);
  EXPECT_EQ(counts[1].cloud, 1);
  EXPECT_EQ(counts[2].cloud + counts[2].snow + counts[2].no_data, 0);
  EXPECT_EQ(counts[3].snow, 1);
}

TEST(CountScl, AnUnknownClassIsAnError) {
  std::vector<std::uint8_t> scl(60 * 60, 4);
  scl[100] = 12;
  EXPECT_THROW(count_scl(scl, 60, {1, 1}), Error);
}

TEST(CountScene, PixelsReachTheirProbabilityOrTheirClass) {
  std::vector<std::uint8_t> scl(60 * 60, 4), cloud(60 * 60, 0), snow(60 * 60, 0);
  cloud[0] = 40;                // reaches
  cloud[1] = 39;                // does not
  scl[2] = 9, cloud[2] = 90;    // both: one pixel
  scl[3] = 3, cloud[3] = 40;    // cloud, no longer shadow
  scl[4] = 3;                   // shadow
  scl[5] = 0, cloud[5] = 100;   // no data stays no data
  snow[6] = 50;                 // reaches
  scl[7] = 11;                  // snow by class
  scl[8] = 1, cloud[8] = 100;   // saturated and cloud
  cloud[9] = 40, snow[9] = 50;  // cloud and snow
  snow[5] = 100;
  const auto counts = count_scene({scl, {cloud, 40}, {snow, 50}}, 60, {1, 1}).front();
  EXPECT_EQ(counts.cloud, 5);
  EXPECT_EQ(counts.shadow, 1);
  EXPECT_EQ(counts.snow, 3);
  EXPECT_EQ(counts.no_data, 1);
  EXPECT_EQ(counts.saturated, 1);
  const auto without = count_scl(scl, 60, {1, 1}).front();
  EXPECT_EQ(without.cloud, 1);
  EXPECT_EQ(without.shadow, 2);
  EXPECT_EQ(without.snow, 1);
}

TEST(CheckProbabilities, AValueAboveAHundredIsNamed) {
  std::vector<std::uint8_t> percent(70 * 70, 100);
  EXPECT_NO_THROW(check_probabilities(percent, 70, {1, 1}));
  percent[65] = 255;  // outside the grid: no patch's
  EXPECT_NO_THROW(check_probabilities(percent, 70, {1, 1}));
  percent[59 * 70 + 59] = 101;
  try {
    check_probabilities(percent, 70, {1, 1});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("101"), std::string::npos);
  }
}

}  // namespace
}  // namespace eoshard::ingest
