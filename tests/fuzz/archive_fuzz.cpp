// Tar, zip and rar archives: where their members lie, and what they hold.
#include "libingest/archive/archive_member_reader.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

constexpr int kMostMembers = 64;

template <class Take>
void walk(const std::filesystem::path& path, const Take& take) {
  eoshard::read_or_refuse([&] {
    eoshard::ingest::ArchiveMemberReader reader(path);
    for (int member = 0; member < kMostMembers && reader.next(); ++member) take(reader);
  });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  static const eoshard::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "images.tar";
  eoshard::put_file(path, eoshard::as_text(data, bytes));
  walk(path, [](auto& reader) { reader.read(); });
  if (eoshard::ingest::is_plain_tar(path)) walk(path, [](auto& reader) { reader.place(); });
  return 0;
}
