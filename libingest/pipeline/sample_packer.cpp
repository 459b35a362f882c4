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
#include "libingest/core/first_error.hpp"
#include "libingest/label/label_classes.hpp"
#include "libingest/pipeline/product_tally.hpp"
#include "libingest/shard/dataset_manifest.hpp"
#include "libingest/table/csv.hpp"

namespace eoshard::ingest {
namespace {

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

  std::shared_ptr<PackedItem> pack(PackItem& item) {
    auto packed = std::make_shared<PackedItem>();
    packed->number = item.number;
    packed->split = item.ruling.split;
    packed->key = item.entry.key;
    try {
      pack_whole(item, *packed);
    } catch (Error& error) {
      if (error.kind() == ErrorKind::input && rules_.skip_bad) {
        packed->left_out = LeftOutSample{item.entry.key, "bad_member", error.what()};
      } else {
        error.add_context(item.entry.key);
        packed->failure = std::current_exception();
      }
    }
    return packed;
  }

 private:
  void pack_whole(PackItem& item, PackedItem& packed) {
    check_key(item.entry.key);
    decode(item);
    packed.classes = classes_of(item);
    if (packed.classes == 0) {
      packed.left_out = LeftOutSample{item.entry.key, "no_label", ""};
      return;
    }
    packed.row = row_of(item, packed.classes);
    const StageTimes::Timer timer(times_, Stage::compress);
    encoder_.encode(decoded_, packed.encoded);
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
  writer.number(item.number);
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
  item.number = reader.number<std::uint64_t>();
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

// What lies between two filters when one throws is never freed by oneTBB. So none throws: the input ends instead.
void SamplePacker::pack(const std::function<std::optional<PackItem>()>& next,
                        const std::function<void(PackedItem&)>& take) const {
  using tbb::filter_mode;
  tbb::enumerable_thread_specific<Worker> workers([&] { return Worker(rules_, times_); });
  FirstError error;
  const auto read = [&](tbb::flow_control& control) -> std::shared_ptr<PackItem> {
    std::optional<PackItem> item;
    error.keep([&] { item = next(); });
    if (item) return std::make_shared<PackItem>(std::move(*item));
    control.stop();
    return nullptr;
  };
  const auto pack = [&](const std::shared_ptr<PackItem>& item) {
    std::shared_ptr<PackedItem> packed;
    error.keep([&] { packed = workers.local().pack(*item); });
    return packed;
  };
  const auto write = [&](const std::shared_ptr<PackedItem>& item) {
    const StageTimes::Timer timer(times_, Stage::write);
    error.keep([&] { take(*item); });
  };
  const auto in_flight = 4 * static_cast<std::size_t>(tbb::this_task_arena::max_concurrency());
  tbb::parallel_pipeline(
      in_flight,
      tbb::make_filter<void, std::shared_ptr<PackItem>>(filter_mode::serial_in_order, read) &
          tbb::make_filter<std::shared_ptr<PackItem>, std::shared_ptr<PackedItem>>(filter_mode::parallel, pack) &
          tbb::make_filter<std::shared_ptr<PackedItem>, void>(filter_mode::serial_in_order, write));
  error.rethrow();
}

}  // namespace eoshard::ingest
