// The metadata of a product and of its granule, in a copy of the product in EOSHARD_FUZZ_PRODUCT.
#include <cstdlib>

#include "libingest/product/safe_product.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

namespace fs = std::filesystem;

struct Copy {
  Copy() : product(folder.path() / fs::path(std::getenv("EOSHARD_FUZZ_PRODUCT")).filename()) {
    fs::copy(std::getenv("EOSHARD_FUZZ_PRODUCT"), product, fs::copy_options::recursive);
    granule = fs::directory_iterator(product / "GRANULE")->path();
  }
  eoshard::TemporaryFolder folder;
  fs::path product, granule;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  static const Copy copy;
  const std::string_view text = eoshard::as_text(data, bytes);
  const bool is_granule = text.find("Tile_ID") != std::string_view::npos;
  const fs::path path = is_granule ? copy.granule / "MTD_TL.xml" : copy.product / "MTD_MSIL2A.xml";
  const fs::path whole = path.string() + ".whole";
  fs::rename(path, whole);
  eoshard::put_file(path, text);
  eoshard::read_or_refuse([&] { eoshard::ingest::read_safe_product(copy.product.string(), eoshard::all_bands()); });
  fs::rename(whole, path);
  return 0;
}
