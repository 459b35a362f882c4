#include "libingest/gdal/gdal_errors.hpp"

#include <cpl_conv.h>
#include <cpl_error.h>
#include <fmt/format.h>
#include <gdal_priv.h>

#include <cstdlib>
#include <mutex>

#include "libingest/core/allocation.hpp"
#include "libingest/core/error.hpp"
#include "libingest/gdal/shared_inflation.hpp"

namespace eoshard::ingest {

void add_gdal_message(GdalErrors& errors, std::string_view message) {
  if (!errors.text_.empty()) errors.text_ += "; ";
  errors.text_ += message;
}

namespace {

void CPL_STDCALL collect_message(CPLErr severity, CPLErrorNum, const char* message) {
  if (severity >= CE_Warning) add_gdal_message(*static_cast<GdalErrors*>(CPLGetErrorHandlerUserData()), message);
}

}  // namespace

GdalErrors::GdalErrors() {
  CPLErrorReset();
  CPLPushErrorHandlerEx(collect_message, this);
}

GdalErrors::~GdalErrors() { CPLPopErrorHandler(); }

void check_gdal(bool succeeded, std::string_view what, const GdalErrors& errors) {
  if (succeeded) return;
  throw Error(ErrorKind::input, fmt::format("{}: {}", what, errors.has_any() ? errors.text() : "GDAL gave no reason"));
}

void initialise_gdal() {
  static std::once_flag once;
  std::call_once(once, [] {
    GDALAllRegister();
    install_shared_inflation();
    // The pipeline spreads the tiles itself. Without OpenJPEG's variable GDAL would still start a pool for every tile,
    // of one thread, and hand it the code-blocks one by one: a fifth of the decoding time went into that.
    CPLSetConfigOption("GDAL_NUM_THREADS", "1");
    setenv("OPJ_NUM_THREADS", "0", 0);
    keep_freed_memory();
    GDALSetCacheMax64(std::int64_t{64} << 20);  // bands are read past the cache; this serves label rasters
  });
}

}  // namespace eoshard::ingest
