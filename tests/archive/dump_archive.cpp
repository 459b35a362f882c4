// dump_archive sat4|sat6|images SOURCE OUT [RESIZE [BAND…]]: every sample of an archive as its source gives it, for
// Python to compare with what other software reads: OUT.bin holds the arrays one after another, OUT.json the layout,
// keys, splits and labels.
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>

#include "libingest/archive/archive_source.hpp"
#include "libingest/archive/image_tree.hpp"
#include "libingest/archive/sat_archive.hpp"
#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

using Arguments = std::span<char*>;

Archive open_archive(Arguments arguments) {
  const std::string kind = arguments[1], source = arguments[2];
  if (kind == "images") {
    ImagesOptions options{source, 0, {}};
    if (arguments.size() > 4) options.resize_px = std::stoi(arguments[4]);
    for (std::size_t index = 5; index < arguments.size(); ++index) options.band_names.emplace_back(arguments[index]);
    return open_images(std::move(options));
  }
  if (kind == "sat4") return open_sat(sat4(), source);
  if (kind == "sat6") return open_sat(sat6(), source);
  throw Error(ErrorKind::usage, "unknown kind");
}

// All samples in the order in which the archive gives them.
void visit(ArchiveCatalogue& archive, const std::function<void(const RawSample&)>& take) {
  for (const ArchiveEntry& entry : archive.list()) {
    RawSample raw{entry.key, entry.split, {}, {}};
    if (!entry.damage.empty()) throw Error(ErrorKind::input, entry.damage);
    archive.read(entry, raw);
    take(raw);
  }
  if (!archive.damage().empty()) throw Error(ErrorKind::input, archive.damage());
}

void visit(ArchiveStream& archive, const std::function<void(const RawSample&)>& take) {
  RawSample raw;
  while (archive.next(raw, [](const std::string&) { return true; })) {
    if (!raw.damage.empty()) throw Error(ErrorKind::input, raw.damage);
    take(raw);
  }
}

void dump(Arguments arguments) {
  const Archive archive = open_archive(arguments);
  std::visit(
      [&](const auto& source) {
        const ArchiveLayout layout = parse_layout(layout_text(source->survey()));
        const std::string out = arguments[3];
        std::ofstream values(out + ".bin", std::ios::binary);
        nlohmann::json samples = nlohmann::json::array();
        DecodedSample sample;
        visit(*source, [&](const RawSample& raw) {
          source->decode(layout, raw, sample);
          for (const auto& array : sample.arrays) {
            values.write(reinterpret_cast<const char*>(array.data()), static_cast<std::streamsize>(array.size()));
          }
          samples.push_back({{"key", raw.key}, {"split", raw.split}, {"labels", sample.labels}});
        });
        std::ofstream(out + ".json") << nlohmann::json{{"layout", nlohmann::json::parse(layout_text(layout))},
                                                       {"samples", samples}};
      },
      archive);
}

}  // namespace
}  // namespace eoshard::ingest

int main(int count, char** arguments) {
  try {
    if (count < 4) throw eoshard::Error(eoshard::ErrorKind::usage, "dump_archive KIND SOURCE OUT [RESIZE [BAND…]]");
    eoshard::ingest::dump(std::span(arguments, static_cast<std::size_t>(count)));
    return 0;
  } catch (const eoshard::Error& error) {
    fmt::print(stderr, "dump_archive: error: {}\n", error.what());
    return eoshard::exit_status(error.kind());
  }
}
