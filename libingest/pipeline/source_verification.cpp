#include "libingest/pipeline/source_verification.hpp"

#include <tbb/parallel_for.h>

#include "libingest/product/source_check.hpp"

namespace eoshard::ingest {

void check_files(const Product& product, const std::vector<std::string>& files) {
  const SourceChecksums checksums(product.root);
  tbb::parallel_for(std::size_t{0}, files.size(), [&](std::size_t index) { checksums.check(files[index]); });
}

void check_bands(const Product& product, const std::vector<std::string>& bands) {
  std::vector<std::string> files;
  for (const std::string& band : bands) files.push_back(product.band_files.at(band));
  check_files(product, files);
}

}  // namespace eoshard::ingest
