#include "libingest/archive/picture.hpp"

#include <cpl_conv.h>
#include <cpl_vsi.h>
#include <fmt/format.h>
#include <gdal_priv.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <mutex>
#include <set>

#include "libingest/core/error.hpp"
#include "libingest/gdal/gdal_errors.hpp"

namespace eoshard::ingest {
namespace {

// A file that GDAL reads from the caller's memory.
class BorrowedFile {
 public:
  explicit BorrowedFile(std::string_view bytes) {
    static std::atomic<std::uint64_t> files = 0;
    name_ = fmt::format("/vsimem/eoshard_picture_{}", files++);
    auto* const data = reinterpret_cast<GByte*>(const_cast<char*>(bytes.data()));  // opened for reading only
    VSIFCloseL(VSIFileFromMemBuffer(name_.c_str(), data, bytes.size(), FALSE));
  }
  ~BorrowedFile() { VSIUnlink(name_.c_str()); }
  BorrowedFile(const BorrowedFile&) = delete;
  BorrowedFile& operator=(const BorrowedFile&) = delete;

  const char* name() const { return name_.c_str(); }

 private:
  std::string name_;
};

// libjpeg fills what a cut file lacks with grey and calls it a warning.
void initialise_drivers() {
  initialise_gdal();
  static std::once_flag once;
  std::call_once(once, [] { CPLSetConfigOption("GDAL_ERROR_ON_LIBJPEG_WARNING", "TRUE"); });
}

GDALDatasetUniquePtr open_picture(const char* file, const std::string& name) {
  static constexpr const char* kDrivers[] = {"JPEG", "PNG", "GTiff", nullptr};
  static constexpr const char* kNoSiblings[] = {nullptr};
  initialise_drivers();
  const GdalErrors errors;
  GDALDatasetUniquePtr dataset(
      GDALDataset::Open(file, GDAL_OF_RASTER | GDAL_OF_READONLY, kDrivers, nullptr, kNoSiblings));
  if (dataset != nullptr && dataset->GetRasterCount() > 0) return dataset;
  throw Error(ErrorKind::input, fmt::format("{} is no JPEG, PNG or TIFF picture, or is damaged{}{}", name,
                                            errors.has_any() ? ": " : "", errors.text()));
}

int bytes_a_value(GDALDataset& dataset, const std::string& name) {
  const GDALDataType type = dataset.GetRasterBand(1)->GetRasterDataType();
  if (dataset.GetRasterBand(1)->GetColorTable() != nullptr) {
    throw Error(ErrorKind::input, fmt::format("{} holds palette indices; save it as RGB or grey values", name));
  }
  if (type == GDT_Byte) return 1;
  if (type == GDT_UInt16) return 2;
  throw Error(ErrorKind::input,
              fmt::format("{} holds values of type {}; only unsigned ones of 8 and 16 bits can be read", name,
                          GDALGetDataTypeName(type)));
}

std::string name_of_colour(GDALRasterBand& band) {
  switch (band.GetColorInterpretation()) {
    case GCI_RedBand: return "R";
    case GCI_GreenBand: return "G";
    case GCI_BlueBand: return "B";
    case GCI_AlphaBand: return "A";
    case GCI_GrayIndex: return "gray";
    default: return "";
  }
}

// Names serve only when every band has one of its own.
bool tell_bands_apart(const std::vector<std::string>& names) {
  return std::set<std::string>(names.begin(), names.end()).size() == names.size() &&
         std::find(names.begin(), names.end(), "") == names.end();
}

GDALDataType type_of(const PictureShape& shape) { return shape.bytes_a_value == 1 ? GDT_Byte : GDT_UInt16; }

void read_pixels(GDALDataset& dataset, const PictureShape& shape, int width_px, int height_px, const std::string& name,
                 std::vector<std::byte>& pixels) {
  pixels.resize(static_cast<std::size_t>(width_px) * height_px * shape.bands * shape.bytes_a_value);
  const GdalErrors errors;
  GDALRasterIOExtraArg how;
  INIT_RASTERIO_EXTRA_ARG(how);
  how.eResampleAlg = GRIORA_Bilinear;
  const CPLErr status = dataset.RasterIO(GF_Read, 0, 0, shape.width_px, shape.height_px, pixels.data(), width_px,
                                         height_px, type_of(shape), shape.bands, nullptr, 0, 0, 0, &how);
  check_gdal(status == CE_None, fmt::format("{} cannot be decoded", name), errors);
}

// A dataset over `pixels`, which it borrows.
GDALDatasetUniquePtr wrap(const PictureShape& shape, std::vector<std::byte>& pixels) {
  GDALDriver* const driver = GetGDALDriverManager()->GetDriverByName("MEM");
  GDALDatasetUniquePtr dataset(driver->Create("", shape.width_px, shape.height_px, 0, type_of(shape), nullptr));
  const std::size_t plane_bytes = pixels.size() / static_cast<std::size_t>(shape.bands);
  for (int band = 0; band < shape.bands; ++band) {
    std::array<char, 64> address{};
    CPLPrintPointer(address.data(), pixels.data() + static_cast<std::size_t>(band) * plane_bytes, address.size() - 1);
    CPLStringList options;
    options.SetNameValue("DATAPOINTER", address.data());
    dataset->AddBand(type_of(shape), options.List());
  }
  return dataset;
}

}  // namespace

std::string to_string(const PictureShape& shape) {
  return fmt::format("{} x {} pixels of {} band{} of {} bits", shape.width_px, shape.height_px, shape.bands,
                     shape.bands == 1 ? "" : "s", 8 * shape.bytes_a_value);
}

bool has_picture_name(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kEndings = {".jpg", ".jpeg", ".png", ".tif", ".tiff"};
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  std::string ending(name.substr(dot));
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

struct Picture::File {
  explicit File(std::string_view bytes, const std::string& name)
      : memory(bytes), dataset(open_picture(memory.name(), name)) {}

  BorrowedFile memory;
  GDALDatasetUniquePtr dataset;
};

Picture::Picture(std::string_view file, std::string name)
    : name_(std::move(name)), file_(std::make_unique<File>(file, name_)) {
  GDALDataset& dataset = *file_->dataset;
  shape_ = {dataset.GetRasterXSize(), dataset.GetRasterYSize(), dataset.GetRasterCount(),
            bytes_a_value(dataset, name_)};
}

Picture::~Picture() = default;

std::vector<std::string> Picture::band_names() const {
  std::vector<std::string> described, coloured, counted;
  for (GDALRasterBand* const band : file_->dataset->GetBands()) {
    described.emplace_back(band->GetDescription());
    coloured.push_back(name_of_colour(*band));
    counted.push_back(fmt::format("band_{}", band->GetBand()));
  }
  if (tell_bands_apart(described)) return described;
  return tell_bands_apart(coloured) ? coloured : counted;
}

void Picture::read(std::vector<std::byte>& pixels) const {
  read_pixels(*file_->dataset, shape_, shape_.width_px, shape_.height_px, name_, pixels);
}

// From pixels in memory: a driver that offers overviews would otherwise shrink in its own way.
void Picture::read_resized(int side_px, std::vector<std::byte>& pixels) const {
  std::vector<std::byte> whole;
  read(whole);
  const GDALDatasetUniquePtr dataset = wrap(shape_, whole);
  read_pixels(*dataset, shape_, side_px, side_px, name_, pixels);
}

}  // namespace eoshard::ingest
