#include "libingest/pipeline/sample_packer.hpp"

#include <fmt/format.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <unordered_map>

#include "libingest/core/byte_stream.hpp"
#include "libingest/core/error.hpp"
#include "libingest/label/label_classes.hpp"
#include "libingest/pipeline/product_tally.hpp"
#include "libingest/shard/dataset_manifest.hpp"
#include "libingest/table/csv.hpp"

namespace eoshard::ingest {
namespace {

// What became of a sample: it is packed, left out, or the end of the run.
struct Outcome {
  PartSample sample;
  std::string row;
  EncodedSample encoded;
  std::optional<LeftOutSample> left_out;
  std::exception_ptr failure;
};

// The classes of an archive that has its own.
class OwnClasses {
 public:
  explicit OwnClasses(const std::vector<std::string>& classes) {
    for (std::size_t index = 0; index < classes.size(); ++index) indices_.emplace(classes[index], index);
  }

  std::uint64_t mask_of(std::span<const std::string> labels) const {
    std::uint64_t mask = 0;
    for (const std::string& label : labels) {
      const auto found = indices_.find(label);
      if (found == indices_.end()) throw Error(ErrorKind::input, fmt::format("'{}' is no class of the archive", label));
      mask |= std::uint64_t{1} << found->second;
    }
    return mask;
  }

 private:
  std::unordered_map<std::string, std::size_t> indices_;
};

// File names and tables hold keys as they are.
void check_key(const std::string& key) {
  const bool is_fine = !key.empty() && key.size() <= kPatchIdBytes && std::all_of(key.begin(), key.end(), [](char c) {
    return static_cast<unsigned char>(c) >= ' ' && c != ',' && c != '"';
  });
  if (is_fine) return;
  throw Error(ErrorKind::input,
              fmt::format("the name is to be the sample's id, which has 1 to {} bytes, and no comma, quote or control "
                          "character; rename the file",
                          kPatchIdBytes));
}

// One a thread.
class Worker {
 public:
  Worker(const PackRules& rules, StageTimes& times)
      : rules_(rules),
        times_(times),
        encoder_(rules.layout, rules.arrays, rules.upsample),
        own_classes_(rules.layout.classes),
        land_cover_(rules.nomenclature) {}

  std::shared_ptr<Outcome> pack(PackItem& item) {
    try {
      return pack_whole(item);
    } catch (Error& error) {
      if (error.kind() != ErrorKind::input) throw;
      if (rules_.skip_bad) return left_out(item, "bad_member", error.what());
      error.add_context(item.entry.key);
      auto outcome = std::make_shared<Outcome>();
      outcome->failure = std::current_exception();
      return outcome;
    }
  }

 private:
  std::shared_ptr<Outcome> pack_whole(PackItem& item) {
    check_key(item.entry.key);
    decode(item);
    const std::uint64_t classes = classes_of(item);
    if (classes == 0) return left_out(item, "no_label", "");
    auto outcome = std::make_shared<Outcome>();
    outcome->sample.key = item.entry.key;
    outcome->sample.split = item.ruling.split;
    outcome->sample.classes = classes;
    outcome->row = row_of(item, classes);
    const StageTimes::Timer timer(times_, Stage::compress);
    outcome->encoded = encoder_.encode(decoded_);
    return outcome;
  }

  void decode(PackItem& item) {
    const StageTimes::Timer timer(times_, Stage::decode);
    if (!item.raw.damage.empty()) throw Error(ErrorKind::input, item.raw.damage);
    item.raw.key = item.entry.key;
    const auto* catalogue = std::get_if<std::unique_ptr<ArchiveCatalogue>>(rules_.archive);
    if (catalogue != nullptr) (*catalogue)->read(item.entry, item.raw);
    std::visit([&](const auto& source) { source->decode(rules_.layout, item.raw, decoded_); }, *rules_.archive);
  }

  std::uint64_t classes_of(const PackItem& item) {
    if (item.ruling.classes) return *item.ruling.classes;
    if (rules_.layout.task == LabelTask::single_label && decoded_.labels.size() != 1)
      throw Error(ErrorKind::input, fmt::format("it has {} labels instead of one", decoded_.labels.size()));
    return rules_.layout.classes.empty() ? land_cover_.mask_of(decoded_.labels) : own_classes_.mask_of(decoded_.labels);
  }

  std::string row_of(const PackItem& item, std::uint64_t classes) const {
    std::vector<std::string> fields = decoded_.fields;
    fields.insert(fields.end(), item.ruling.fields.begin(), item.ruling.fields.end());
    fields.push_back(join_labels(classes, rules_.nomenclature.classes));
    return csv_row(fields);
  }

  static std::shared_ptr<Outcome> left_out(const PackItem& item, const char* reason, std::string detail) {
    auto outcome = std::make_shared<Outcome>();
    outcome->left_out = LeftOutSample{item.entry.key, reason, std::move(detail)};
    return outcome;
  }

  const PackRules& rules_;
  StageTimes& times_;
  SampleEncoder encoder_;
  OwnClasses own_classes_;
  LabelClasses land_cover_;
  DecodedSample decoded_;
};

void put_texts(ByteWriter& writer, const std::vector<std::string>& texts) {
  writer.number(static_cast<std::uint64_t>(texts.size()));
  for (const std::string& text : texts) writer.text(text);
}

std::vector<std::string> take_texts(ByteReader& reader) {
  std::vector<std::string> texts(reader.number<std::uint64_t>());
  for (std::string& text : texts) text = reader.text();
  return texts;
}

void put_item(ByteWriter& writer, const PackItem& item) {
  writer.text(item.entry.key);
  writer.text(item.entry.locator);
  writer.number(item.ruling.split);
  writer.number(item.ruling.classes.has_value());
  writer.number(item.ruling.classes.value_or(0));
  put_texts(writer, item.ruling.fields);
  writer.text(item.raw.damage);
  writer.number(static_cast<std::uint64_t>(item.raw.members.size()));
  for (const RawSample::Member& member : item.raw.members) {
    writer.text(member.name);
    writer.text(member.bytes);
  }
}

PackItem take_item(ByteReader& reader) {
  PackItem item;
  item.entry.key = reader.text();
  item.entry.locator = reader.text();
  item.ruling.split = reader.number<int>();
  const bool has_classes = reader.number<bool>();
  const auto classes = reader.number<std::uint64_t>();
  if (has_classes) item.ruling.classes = classes;
  item.ruling.fields = take_texts(reader);
  item.raw.damage = reader.text();
  item.raw.members.resize(reader.number<std::uint64_t>());
  for (RawSample::Member& member : item.raw.members) {
    member.name = reader.text();
    member.bytes = reader.text();
  }
  return item;
}

}  // namespace

std::string items_text(const std::vector<PackItem>& items) {
  ByteWriter writer;
  for (const PackItem& item : items) put_item(writer, item);
  return writer.take();
}

std::vector<PackItem> parse_items(const std::string& text) {
  std::vector<PackItem> items;
  for (ByteReader reader(text); !reader.is_at_end();) items.push_back(take_item(reader));
  return items;
}

SamplePacker::SamplePacker(const PackRules& rules, StageTimes& times) : rules_(rules), times_(times) {
  for (const StatisticsBand& band : statistics_bands(rules.arrays)) {
    const std::int64_t side = rules.arrays[band.array].image.sample_shape.back();
    pixels_of_band_.push_back(static_cast<std::uint64_t>(side * side));
  }
}

void SamplePacker::pack_part(const std::filesystem::path& path, const std::function<std::optional<PackItem>()>& next,
                             const std::function<void()>& on_sample) const {
  using tbb::filter_mode;
  tbb::enumerable_thread_specific<Worker> workers([&] { return Worker(rules_, times_); });
  SamplePartWriter part(path, pixels_of_band_.size());
  const auto take = [&](tbb::flow_control& control) -> std::shared_ptr<PackItem> {
    std::optional<PackItem> item = next();
    if (item) return std::make_shared<PackItem>(std::move(*item));
    control.stop();
    return nullptr;
  };
  const auto pack = [&](const std::shared_ptr<PackItem>& item) { return workers.local().pack(*item); };
  const auto write = [&](const std::shared_ptr<Outcome>& outcome) {
    const StageTimes::Timer timer(times_, Stage::write);
    if (outcome->failure) std::rethrow_exception(outcome->failure);  // in order: the first damaged sample is named
    if (outcome->left_out) {
      part.leave_out(std::move(*outcome->left_out));
    } else {
      part.append(std::move(outcome->sample), outcome->row, outcome->encoded, pixels_of_band_);
    }
    on_sample();
  };
  const auto in_flight = 4 * static_cast<std::size_t>(tbb::this_task_arena::max_concurrency());
  tbb::parallel_pipeline(
      in_flight,
      tbb::make_filter<void, std::shared_ptr<PackItem>>(filter_mode::serial_in_order, take) &
          tbb::make_filter<std::shared_ptr<PackItem>, std::shared_ptr<Outcome>>(filter_mode::parallel, pack) &
          tbb::make_filter<std::shared_ptr<Outcome>, void>(filter_mode::serial_in_order, write));
  part.close();
}

}  // namespace eoshard::ingest
