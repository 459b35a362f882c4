#include "libingest/shard/hdf5_file.hpp"

#include <fmt/format.h>
#include <hdf5.h>

#include <string>
#include <type_traits>

#include "libingest/core/error.hpp"
#include "libingest/shard/hdf5_zstd_filter.hpp"

namespace eoshard::ingest {
namespace {

static_assert(std::is_same_v<Hdf5Id, std::int64_t> && sizeof(hid_t) == sizeof(Hdf5Id));

herr_t take_description(unsigned, const H5E_error2_t* error, void* text) {
  if (error->desc != nullptr && *error->desc != '\0') *static_cast<std::string*>(text) = error->desc;
  return 0;
}

// "No space left on device" of "file write failed: time = …, errno = 28, error message = 'No space left on device', …"
std::string system_reason(const std::string& text) {
  constexpr std::string_view kIntroduction = "error message = '";
  const std::size_t introduction = text.find(kIntroduction);
  if (introduction == std::string::npos) return text;
  const std::size_t begin = introduction + kIntroduction.size();
  return text.substr(begin, text.find('\'', begin) - begin);
}

// The stack's entries go from the interface inwards; the last says what happened.
std::string innermost_message() {
  std::string text = "no reason given";
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, take_description, &text);
  H5Eclear2(H5E_DEFAULT);
  return system_reason(text);
}

}  // namespace

Hdf5Id check_h5(Hdf5Id result, const char* call) {
  if (result < 0) throw Error(ErrorKind::io, fmt::format("{} failed: {}", call, innermost_message()));
  return result;
}

void Hdf5FileTraits::close(Hdf5Id file) noexcept { H5Fclose(file); }
void Hdf5DatasetTraits::close(Hdf5Id dataset) noexcept { H5Dclose(dataset); }
void Hdf5SpaceTraits::close(Hdf5Id space) noexcept { H5Sclose(space); }
void Hdf5TypeTraits::close(Hdf5Id type) noexcept { H5Tclose(type); }
void Hdf5PropertiesTraits::close(Hdf5Id properties) noexcept { H5Pclose(properties); }
void Hdf5AttributeTraits::close(Hdf5Id attribute) noexcept { H5Aclose(attribute); }

void initialise_hdf5() {
  static std::once_flag once;
  std::call_once(once, [] {
    check_h5(H5open(), "H5open");
    check_h5(H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr), "H5Eset_auto2");
    register_hdf5_zstd_filter();
  });
}

std::mutex& hdf5_mutex() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace eoshard::ingest
