#include "libtrain/checkpoint/checkpoint.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "libingest/core/error.hpp"
#include "libtrain/checkpoint/checkpoint_writer.hpp"
#include "libtrain/checkpoint/run_folder.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::train {
namespace {

Checkpoint example(std::int64_t step) {
  Checkpoint checkpoint;
  checkpoint.position.step = step;
  checkpoint.position.loss_sum = 0.1 * static_cast<double>(step);
  checkpoint.position.experiment_hash = "abc";
  checkpoint.tensors = {{"weight", at::randn({4, 3, 2, 2}).contiguous(at::MemoryFormat::ChannelsLast)},
                        {"count", at::full({}, step, at::TensorOptions(at::kLong))}};
  return checkpoint;
}

void flip_byte(const std::filesystem::path& path, std::streamoff offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(offset);
  const char byte = static_cast<char>(file.get() ^ 0x10);
  file.seekp(offset);
  file.put(byte);
}

TEST(Checkpoint, ReadsBackWhatWasWritten) {
  const TemporaryFolder run;
  const Checkpoint written = example(7);
  save_checkpoint(run.path(), written, 2);
  const auto read = load_newest_checkpoint(run.path(), Log());
  ASSERT_TRUE(read);
  EXPECT_EQ(position_to_json(read->position), position_to_json(written.position));
  EXPECT_TRUE(at::equal(find_tensor(read->tensors, "weight"), written.tensors[0].tensor));
  EXPECT_EQ(find_tensor(read->tensors, "count").item<std::int64_t>(), 7);
  EXPECT_TRUE(find_tensor(read->tensors, "weight").is_contiguous());
}

TEST(Checkpoint, KeepsTheNewest) {
  const TemporaryFolder run;
  for (const std::int64_t step : {9, 10, 11}) save_checkpoint(run.path(), example(step), 2);
  EXPECT_EQ(newest_checkpoint_path(run.path()).filename(), "step-000000000011.ckpt");
  int files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(run.path() / kCheckpointFolder))
    ++files;
  EXPECT_EQ(files, 2);
}

TEST(Checkpoint, ADamagedNewestFallsBackToTheOneBefore) {
  for (const bool is_cut : {false, true}) {
    const TemporaryFolder run;
    for (const std::int64_t step : {1, 2}) save_checkpoint(run.path(), example(step), 2);
    const auto newest = newest_checkpoint_path(run.path());
    if (is_cut) {
      std::filesystem::resize_file(newest, std::filesystem::file_size(newest) / 2);
    } else {
      flip_byte(newest, static_cast<std::streamoff>(std::filesystem::file_size(newest)) - 40);
    }
    const auto read = load_newest_checkpoint(run.path(), Log());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->position.step, 1);
    EXPECT_THROW(read_checkpoint(newest), Error);
  }
}

void cut(const std::filesystem::path& path) {
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
}

// Steps of the checkpoints that a run would look for.
std::vector<std::int64_t> saved_steps(const std::filesystem::path& run, std::int64_t last) {
  std::vector<std::int64_t> steps;
  for (std::int64_t step = 0; step <= last; ++step) {
    if (std::filesystem::exists(run / kCheckpointFolder / fmt::format("step-{:012d}.ckpt", step)))
      steps.push_back(step);
  }
  return steps;
}

void damage_newest(const std::filesystem::path& run, int count) {
  std::vector<std::int64_t> steps = saved_steps(run, 99);
  for (int index = 0; index < count; ++index, steps.pop_back())
    cut(run / kCheckpointFolder / fmt::format("step-{:012d}.ckpt", steps.back()));
}

TEST(Checkpoint, DamagedOnesOfLaterStepsDisplaceNoGoodOne) {
  for (const std::int64_t keep : {1, 2}) {
    for (const bool is_loaded : {true, false}) {
      const TemporaryFolder run;
      for (const std::int64_t step : {6, 9}) save_checkpoint(run.path(), example(step), keep);
      damage_newest(run.path(), static_cast<int>(keep));
      const Log log(0, LogLevel::error);
      EXPECT_FALSE(is_loaded && load_newest_checkpoint(run.path(), log));
      for (const std::int64_t step : {2, 4}) save_checkpoint(run.path(), example(step), keep);
      const auto read = load_newest_checkpoint(run.path(), log);
      ASSERT_TRUE(read) << "keep " << keep;
      EXPECT_EQ(read->position.step, 4);
    }
  }
}

TEST(Checkpoint, ADamagedOneOfAnEarlierStepDisplacesNoGoodOne) {
  const TemporaryFolder run;
  const Log log(0, LogLevel::error);
  for (const std::int64_t step : {6, 9}) save_checkpoint(run.path(), example(step), 2);
  damage_newest(run.path(), 1);
  EXPECT_EQ(load_newest_checkpoint(run.path(), log)->position.step, 6);
  save_checkpoint(run.path(), example(10), 2);
  EXPECT_EQ(saved_steps(run.path(), 10), (std::vector<std::int64_t>{6, 10}));
}

TEST(Checkpoint, WhatCannotBeReadIsKeptUnderAnotherName) {
  const TemporaryFolder run;
  const Log log(0, LogLevel::error);
  const auto aside = run.path() / kCheckpointFolder / "step-000000000003.ckpt.unreadable";
  for (const char* suffix : {"", "-2"}) {
    save_checkpoint(run.path(), example(3), 2);
    damage_newest(run.path(), 1);
    load_newest_checkpoint(run.path(), log);
    EXPECT_TRUE(std::filesystem::exists(aside.string() + suffix));
  }
}

TEST(Checkpoint, StartingAnewIsSaid) {
  const TemporaryFolder run;
  save_checkpoint(run.path(), example(3), 2);
  damage_newest(run.path(), 1);
  testing::internal::CaptureStderr();
  load_newest_checkpoint(run.path(), Log());
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("STARTING ANEW"), std::string::npos) << said;
  EXPECT_NE(said.find("step-000000000003.ckpt.unreadable"), std::string::npos) << said;
}

TEST(Checkpoint, WithoutAnyThereIsNone) {
  const TemporaryFolder run;
  EXPECT_FALSE(load_newest_checkpoint(run.path(), Log()));
}

std::string safetensors_of_shape(const std::string& shape) {
  const std::string header = R"({"w":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":[0,0]}})";
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + header;
}

TEST(Safetensors, ShapesThatNoTensorHasAreRefused) {
  for (const char* shape : {"[-1]", "[-1,0]", "[1099511627776]", "[0,9223372036854775807]", "[4294967296,4294967296,0]",
                            "[4611686018427387904,4]", "[1.5,0]", "[429496729494294964592,0]", "[true,0]", "0"}) {
    const std::string text = safetensors_of_shape(shape);
    EXPECT_THROW(parse_safetensors(std::as_bytes(std::span(text))), Error) << shape;
  }
  const std::string text = safetensors_of_shape("[0,512]");
  EXPECT_EQ(parse_safetensors(std::as_bytes(std::span(text))).tensors.at(0).tensor.sizes(), at::IntArrayRef({0, 512}));
}

TEST(Checkpoint, PositionsOfNoWholeNumberAreRefused) {
  TrainingPosition position;
  position.damaged = {4};
  const std::string text = position_to_json(position);
  EXPECT_EQ(position_to_json(position_from_json(text)), text);
  for (const auto& [good, bad] : std::map<std::string, std::string>{{R"("step":0)", R"("step":1e30)"},
                                                                    {R"("epoch":0)", R"("epoch":0.5)"},
                                                                    {"[4]", "[18446744073709551615]"},
                                                                    {R"("scale_steps":0)", R"("scale_steps":null)"}}) {
    ASSERT_NE(text.find(good), std::string::npos) << good;
    EXPECT_THROW(position_from_json(std::string(text).replace(text.find(good), good.size(), bad)), Error) << bad;
  }
}

TEST(CheckpointWriter, WritesTheBestAndTheNewest) {
  const TemporaryFolder run;
  const Log log;
  CheckpointWriter writer(run.path(), 2, log);
  for (const std::int64_t step : {1, 2, 3}) {
    CheckpointWriter::Files files{std::nullopt, example(step)};
    if (step == 2) files.best = example(step);
    writer.begin(std::move(files));
  }
  EXPECT_EQ(writer.finish(), "");
  EXPECT_EQ(read_checkpoint(run.path() / kBestName).position.step, 2);
  EXPECT_EQ(load_newest_checkpoint(run.path(), log)->position.step, 3);
  EXPECT_FALSE(std::filesystem::exists(run.path() / kCheckpointFolder / "step-000000000001.ckpt"));
}

TEST(CheckpointWriter, FinishesWhatItHasBegun) {
  const TemporaryFolder run;
  const Log log;
  { CheckpointWriter(run.path(), 2, log).begin({std::nullopt, example(5)}); }
  EXPECT_EQ(load_newest_checkpoint(run.path(), log)->position.step, 5);
}

TEST(CheckpointWriter, AFailureLeavesEarlierOnesAndDoesNotLast) {
  const TemporaryFolder run;
  const Log log(0, LogLevel::error);
  const std::filesystem::path folder = run.path() / kCheckpointFolder;
  CheckpointWriter writer(run.path(), 2, log);
  writer.begin({std::nullopt, example(1)});
  EXPECT_EQ(writer.finish(), "");
  std::filesystem::create_directories(folder / "step-000000000002.ckpt.tmp" / "in the way");
  writer.begin({std::nullopt, example(2)});
  EXPECT_NE(writer.finish().find("step-000000000002.ckpt"), std::string::npos);
  EXPECT_EQ(load_newest_checkpoint(run.path(), log)->position.step, 1);
  writer.begin({std::nullopt, example(3)});
  EXPECT_EQ(writer.finish(), "");
  EXPECT_EQ(load_newest_checkpoint(run.path(), log)->position.step, 3);
}

TEST(CheckpointWriter, TriesTheBestAgainUntilItIsWritten) {
  const TemporaryFolder run;
  const Log log(0, LogLevel::error);
  const std::filesystem::path obstacle = (run.path() / kBestName).string() + ".tmp";
  CheckpointWriter writer(run.path(), 2, log);
  writer.begin({example(1), example(1)});
  EXPECT_EQ(writer.finish(), "");
  std::filesystem::create_directories(obstacle / "in the way");
  writer.begin({example(2), example(2)});
  EXPECT_NE(writer.finish(), "");
  EXPECT_EQ(writer.best().position.step, 2);
  EXPECT_EQ(load_newest_checkpoint(run.path(), log)->position.step, 1);  // one that knows of the file's best
  std::filesystem::remove_all(obstacle);
  writer.begin({std::nullopt, example(3)});
  EXPECT_EQ(writer.finish(), "");
  EXPECT_EQ(writer.best().position.step, 2);
  EXPECT_EQ(read_checkpoint(run.path() / kBestName).position.step, 2);
  EXPECT_EQ(load_newest_checkpoint(run.path(), log)->position.step, 3);
}

TEST(CheckpointWriter, ClearsWhatAKilledWriteHasLeft) {
  const TemporaryFolder run;
  const std::filesystem::path left = run.path() / kCheckpointFolder / "step-000000000002.ckpt.tmp";
  std::filesystem::create_directories(left.parent_path());
  std::ofstream(left) << "half";
  const Log log;
  const CheckpointWriter writer(run.path(), 2, log);
  EXPECT_FALSE(std::filesystem::exists(left));
}

TEST(Checkpoint, ASnapshotIsACopy) {
  const at::Tensor weight = at::ones({4, 3, 2, 2}).contiguous(at::MemoryFormat::ChannelsLast);
  const Checkpoint snapshot = take_snapshot({}, {{"weight", weight}});
  weight.zero_();
  EXPECT_EQ(snapshot.tensors[0].tensor.sum().item<double>(), 48);
  EXPECT_TRUE(snapshot.tensors[0].tensor.is_contiguous());
}

RunConfiguration configuration() {
  RunConfiguration wanted;
  wanted.options.data = "data";
  wanted.dataset_checksum = "0";
  wanted.program_version = "1";
  return wanted;
}

std::string refusal(const std::filesystem::path& run, const RunConfiguration& wanted, bool must_exist = false) {
  try {
    prepare_run(run, wanted, false, must_exist);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(RunFolder, GoesOnWithTheSameExperimentOnly) {
  const TemporaryFolder folder;
  const auto run = folder.path() / "run";
  EXPECT_NE(refusal(run, configuration(), true), "");
  EXPECT_EQ(refusal(run, configuration()), "");
  EXPECT_EQ(refusal(run, configuration()), "");
  RunConfiguration other = configuration();
  other.options.micro_batch_size = 8;
  EXPECT_NE(refusal(run, other).find("micro_batch_size"), std::string::npos);
  other = configuration();
  other.dataset_checksum = "1";
  EXPECT_NE(refusal(run, other).find("another dataset"), std::string::npos);
  other = configuration();
  other.init_checksum = "12345678";
  EXPECT_NE(refusal(run, other).find("another content of --init"), std::string::npos);
  other = configuration();
  other.ranks = 3;
  EXPECT_NE(refusal(run, other).find("as many (not 3)"), std::string::npos);
  write_file(run / kResultName, "{}", Durability::rename_only);
  EXPECT_NE(refusal(run, configuration()).find("--overwrite"), std::string::npos);
  prepare_run(run, configuration(), true, false);
  EXPECT_FALSE(std::filesystem::exists(run / kResultName));
}

TEST(RunFolder, AFolderOfSomethingElseIsLeftAlone) {
  const TemporaryFolder folder;
  write_file(folder.path() / "thesis.tex", "years of work", Durability::rename_only);
  EXPECT_NE(refusal(folder.path(), configuration()), "");
  EXPECT_THROW(prepare_run(folder.path(), configuration(), true, false), Error);
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "thesis.tex"));
}

TEST(RunFolder, LinesOfLaterEpochsAreDropped) {
  const TemporaryFolder run;
  for (const char* line : {R"({"epoch":1})", R"({"epoch":2})"}) append_metrics(run.path(), line);
  const std::string both = read_text_file(run.path() / kMetricsName);
  append_metrics(run.path(), R"({"epoch":1,"split":"validation","weights":"final"})");  // of the end, which comes again
  const std::string all = read_text_file(run.path() / kMetricsName);
  write_file(run.path() / kMetricsName, all + R"({"epo)", Durability::rename_only);  // cut short by a crash
  keep_metrics_up_to(run.path(), 1);
  const std::string first = both.substr(0, both.find('\n') + 1);
  EXPECT_TRUE(first.starts_with(R"({"epoch":1,"time":)")) << first;
  EXPECT_EQ(read_text_file(run.path() / kMetricsName), first);
}

TEST(RunFolder, TheTraceOfLaterStepsIsDropped) {
  const TemporaryFolder run;
  keep_trace_up_to(run.path(), 2);  // there is none
  EXPECT_FALSE(std::filesystem::exists(run.path() / kTraceName));
  for (const char* line : {R"({"step":1})", R"({"step":2})", R"({"step":3})"}) append_trace(run.path(), line);
  const std::string all = read_text_file(run.path() / kTraceName);
  write_file(run.path() / kTraceName, all + R"({"step":4})", Durability::rename_only);  // cut short by a crash
  for (const std::int64_t step : {9, 3, 2}) {
    keep_trace_up_to(run.path(), step);
    EXPECT_EQ(read_text_file(run.path() / kTraceName), step == 2 ? all.substr(0, all.size() - 11) : all);
  }
}

}  // namespace
}  // namespace eoshard::train
