#include "libingest/gdal/shared_inflation.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

constexpr const char* kPrefix = "/vsieoshard_shared/";
constexpr std::uint64_t kPageBytes = 16 << 10;
constexpr std::uint64_t kLeastCacheBytes = 4 << 20;
constexpr std::uint64_t kCachedShare = 4;  // a quarter: about three rows of tiles of a full granule

// One InflatedFile a path, as long as anybody has it open.
class Registry {
 public:
  std::shared_ptr<InflatedFile> open(const std::string& path) {
    const std::lock_guard lock(mutex_);
    std::weak_ptr<InflatedFile>& known = files_[path];
    std::shared_ptr<InflatedFile> file = known.lock();
    if (!file) known = file = std::make_shared<InflatedFile>(path);
    std::erase_if(files_, [](const auto& entry) { return entry.second.expired(); });
    return file;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<InflatedFile>> files_;
};

// What GDAL calls a file: a place in the shared one.
struct OpenFile {
  std::shared_ptr<InflatedFile> file;
  std::uint64_t position = 0;
  bool is_at_end = false;
};

void* open_file(void* registry, const char* path, const char*) {
  try {
    return new OpenFile{static_cast<Registry*>(registry)->open(path)};
  } catch (const Error&) {
    return nullptr;  // GDAL says that it cannot be opened
  }
}

vsi_l_offset tell(void* handle) { return static_cast<OpenFile*>(handle)->position; }

int seek(void* handle, vsi_l_offset offset, int whence) {
  OpenFile& open = *static_cast<OpenFile*>(handle);
  const std::uint64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? open.position : open.file->size();
  open.position = from + offset;
  open.is_at_end = false;
  return 0;
}

// No exception may pass through OpenJPEG's C frames; a short read is an error to it.
std::size_t read_or_nothing(InflatedFile& file, std::uint64_t offset, std::span<std::byte> out) noexcept {
  try {
    return file.read(offset, out);
  } catch (const std::exception&) {
    return 0;
  }
}

std::size_t read(void* handle, void* buffer, std::size_t item_bytes, std::size_t items) {
  OpenFile& open = *static_cast<OpenFile*>(handle);
  if (item_bytes == 0 || items == 0) return 0;
  const std::span out(static_cast<std::byte*>(buffer), item_bytes * items);
  const std::size_t count = read_or_nothing(*open.file, open.position, out);
  open.position += count;
  open.is_at_end = count < out.size();
  return count / item_bytes;
}

int is_at_end(void* handle) { return static_cast<OpenFile*>(handle)->is_at_end ? 1 : 0; }

int close_file(void* handle) {
  delete static_cast<OpenFile*>(handle);
  return 0;
}

int stat_file(void*, const char* path, VSIStatBufL* status, int flags) { return VSIStatExL(path, status, flags); }

}  // namespace

InflatedFile::InflatedFile(std::string path) : path_(std::move(path)), forward_(open_vsi_file(path_)) {
  VSIStatBufL status;
  if (VSIStatL(path_.c_str(), &status) != 0) throw Error(ErrorKind::input, path_ + " cannot be read");
  size_ = static_cast<std::uint64_t>(status.st_size);
  capacity_pages_ = static_cast<std::size_t>(std::max(kLeastCacheBytes, size_ / kCachedShare) / kPageBytes);
}

std::size_t InflatedFile::read(std::uint64_t offset, std::span<std::byte> out) {
  const std::lock_guard lock(mutex_);
  std::size_t done = 0;
  while (done < out.size() && offset + done < size_) {
    const std::uint64_t within = (offset + done) % kPageBytes;
    const std::vector<std::byte>& bytes = page((offset + done) / kPageBytes).bytes;
    if (within >= bytes.size()) break;  // the archive is damaged here
    const std::size_t count = std::min<std::size_t>(bytes.size() - within, out.size() - done);
    std::memcpy(out.data() + done, bytes.data() + within, count);
    done += count;
  }
  return done;
}

const InflatedFile::Page& InflatedFile::page(std::uint64_t number) {
  const auto known = page_of_.find(number);
  if (known != page_of_.end()) {
    pages_.splice(pages_.begin(), pages_, known->second);
    return pages_.front();
  }
  if (number < next_) return read_behind(number);
  // The pages between are inflated on the way anyhow, and other threads want their tiles.
  while (next_ < number) add_page(next_++, forward_.get());
  return add_page(next_++, forward_.get());
}

const InflatedFile::Page& InflatedFile::read_behind(std::uint64_t number) {
  if (!backward_) backward_ = open_vsi_file(path_);
  VSIFSeekL(backward_.get(), number * kPageBytes, SEEK_SET);
  return add_page(number, backward_.get());
}

const InflatedFile::Page& InflatedFile::add_page(std::uint64_t number, VSILFILE* from) {
  Page page{number, std::vector<std::byte>(std::min(kPageBytes, size_ - number * kPageBytes))};
  page.bytes.resize(VSIFReadL(page.bytes.data(), 1, page.bytes.size(), from));
  if (pages_.size() >= capacity_pages_) {
    page_of_.erase(pages_.back().number);
    pages_.pop_back();
  }
  pages_.push_front(std::move(page));
  page_of_[number] = pages_.begin();
  return pages_.front();
}

void install_shared_inflation() {
  static Registry registry;
  VSIFilesystemPluginCallbacksStruct* callbacks = VSIAllocFilesystemPluginCallbacksStruct();
  callbacks->pUserData = &registry;
  callbacks->stat = stat_file;
  callbacks->open = open_file;
  callbacks->tell = tell;
  callbacks->seek = seek;
  callbacks->read = read;
  callbacks->eof = is_at_end;
  callbacks->close = close_file;
  VSIInstallPluginHandler(kPrefix, callbacks);
  VSIFreeFilesystemPluginCallbacksStruct(callbacks);
}

std::string with_shared_inflation(const std::string& path) {
  return path.starts_with("/vsizip/") ? kPrefix + path : path;
}

}  // namespace eoshard::ingest
