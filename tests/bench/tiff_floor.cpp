// The floor under eoshard-pack: reads the files of a tree or tar of BigEarthNet patches, decodes the TIFFs with
// libtiff, throws the pixels away, and prints what that took as JSON.
//
// tiff_floor [--threads N] [--zstd] TREE|TAR
//
// A tree is dealt to the threads by folders; a tar is read by one thread, with libarchive, and decoded by the others.
// --zstd: compresses the bands of each grid of a patch too, as shards hold them (bytes shuffled, level 3), and throws
// that away as well; trees alone.
#include <archive.h>
#include <archive_entry.h>
#include <sys/resource.h>
#include <tiffio.h>
#include <zstd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& message) {
  std::fprintf(stderr, "tiff_floor: %s\n", message.c_str());
  std::exit(1);
}

struct Totals {
  std::atomic<std::uint64_t> files = 0;
  std::atomic<std::uint64_t> bytes = 0;
  std::atomic<std::uint64_t> pixels = 0;
  std::atomic<std::uint64_t> compressed_bytes = 0;
};

// The pixels of a patch, by the size of their images.
using Grids = std::map<std::size_t, std::string>;

struct Memory {
  const std::string& bytes;
  std::uint64_t position = 0;
};
Memory& memory_of(thandle_t handle) { return *static_cast<Memory*>(handle); }

tmsize_t read_memory(thandle_t handle, void* out, tmsize_t count) {
  Memory& memory = memory_of(handle);
  const auto left =
      static_cast<tmsize_t>(memory.bytes.size() - std::min<std::uint64_t>(memory.position, memory.bytes.size()));
  const tmsize_t taken = std::min(count, left);
  std::memcpy(out, memory.bytes.data() + memory.position, static_cast<std::size_t>(taken));
  memory.position += static_cast<std::uint64_t>(taken);
  return taken;
}
tmsize_t write_memory(thandle_t, void*, tmsize_t) { return -1; }
toff_t seek_memory(thandle_t handle, toff_t offset, int whence) {
  Memory& memory = memory_of(handle);
  memory.position = whence == SEEK_SET   ? offset
                    : whence == SEEK_CUR ? memory.position + offset
                                         : memory.bytes.size() + offset;
  return memory.position;
}
int close_memory(thandle_t) { return 0; }
toff_t memory_size(thandle_t handle) { return memory_of(handle).bytes.size(); }
int map_memory(thandle_t handle, void** base, toff_t* size) {
  *base = const_cast<char*>(memory_of(handle).bytes.data());
  *size = memory_of(handle).bytes.size();
  return 1;
}
void unmap_memory(thandle_t, void*, toff_t) {}

void decode(const std::string& bytes, Totals& totals, Grids* grids) {
  Memory memory{bytes};
  TIFF* const tiff = TIFFClientOpen("file", "r", &memory, read_memory, write_memory, seek_memory, close_memory,
                                    memory_size, map_memory, unmap_memory);
  if (tiff == nullptr) fail("a file is no TIFF");
  std::vector<char> strip(static_cast<std::size_t>(TIFFStripSize(tiff)));
  std::uint32_t width = 0;
  TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
  for (std::uint32_t number = 0; number < TIFFNumberOfStrips(tiff); ++number) {
    const tmsize_t read = TIFFReadEncodedStrip(tiff, number, strip.data(), static_cast<tmsize_t>(strip.size()));
    if (read < 0) fail("a TIFF is damaged");
    totals.pixels += static_cast<std::uint64_t>(read) / 2;
    if (grids != nullptr) (*grids)[width].append(strip.data(), static_cast<std::size_t>(read));
  }
  TIFFClose(tiff);
}

void take(const std::string& name, const std::string& bytes, Totals& totals, Grids* grids = nullptr) {
  ++totals.files;
  totals.bytes += bytes.size();
  if (name.ends_with(".tif")) decode(bytes, totals, grids);
}

class Compressor {
 public:
  Compressor() { ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, 3); }
  ~Compressor() { ZSTD_freeCCtx(context_); }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  void compress(Grids& grids, Totals& totals) {
    for (auto& [width, pixels] : grids) {
      planes_.resize(pixels.size());
      const std::size_t half = pixels.size() / 2;
      for (std::size_t pixel = 0; pixel < half; ++pixel) {
        planes_[pixel] = pixels[2 * pixel];
        planes_[half + pixel] = pixels[2 * pixel + 1];
      }
      frame_.resize(ZSTD_compressBound(planes_.size()));
      totals.compressed_bytes += ZSTD_compress2(context_, frame_.data(), frame_.size(), planes_.data(), planes_.size());
      pixels.clear();
    }
  }

 private:
  ZSTD_CCtx* context_ = ZSTD_createCCtx();
  std::string planes_, frame_;
};

void read_tree(const fs::path& tree, int threads, bool compresses, Totals& totals) {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(tree)) folders.push_back(entry.path());
  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> pool;
  for (int thread = 0; thread < threads; ++thread) {
    pool.emplace_back([&] {
      Compressor compressor;
      Grids grids;
      for (std::size_t folder = next++; folder < folders.size(); folder = next++) {
        for (const auto& entry : fs::directory_iterator(folders[folder])) {
          std::string bytes(entry.file_size(), '\0');
          std::ifstream(entry.path(), std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
          take(entry.path().string(), bytes, totals, compresses ? &grids : nullptr);
        }
        compressor.compress(grids, totals);
      }
    });
  }
  for (std::thread& thread : pool) thread.join();
}

struct Member {
  std::string name, bytes;
};

class Members {
 public:
  void push(Member member) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return members_.size() < 256; });
    members_.push_back(std::move(member));
    changed_.notify_all();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    changed_.notify_all();
  }
  bool take(Member& member) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !members_.empty() || is_closed_; });
    if (members_.empty()) return false;
    member = std::move(members_.front());
    members_.pop_front();
    changed_.notify_all();
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Member> members_;
  bool is_closed_ = false;
};

void read_tar(const fs::path& path, int threads, Totals& totals) {
  Members members;
  std::vector<std::thread> pool;
  for (int thread = 0; thread < threads; ++thread) {
    pool.emplace_back([&] {
      for (Member member; members.take(member);) take(member.name, member.bytes, totals);
    });
  }
  archive* const reader = archive_read_new();
  archive_read_support_filter_all(reader);
  archive_read_support_format_tar(reader);
  if (archive_read_open_filename(reader, path.c_str(), 1 << 20) != ARCHIVE_OK) fail(archive_error_string(reader));
  for (archive_entry* entry = nullptr; archive_read_next_header(reader, &entry) == ARCHIVE_OK;) {
    if (archive_entry_filetype(entry) != AE_IFREG) continue;
    Member member{archive_entry_pathname(entry),
                  std::string(static_cast<std::size_t>(archive_entry_size(entry)), '\0')};
    if (archive_read_data(reader, member.bytes.data(), member.bytes.size()) < 0) fail(archive_error_string(reader));
    members.push(std::move(member));
  }
  archive_read_free(reader);
  members.close();
  for (std::thread& thread : pool) thread.join();
}

}  // namespace

int main(int argc, char** argv) {
  int threads = static_cast<int>(std::thread::hardware_concurrency());
  bool compresses = false;
  std::string source;
  for (int argument = 1; argument < argc; ++argument) {
    if (std::string(argv[argument]) == "--threads" && argument + 1 < argc) {
      threads = std::atoi(argv[++argument]);
    } else if (std::string(argv[argument]) == "--zstd") {
      compresses = true;
    } else {
      source = argv[argument];
    }
  }
  if (source.empty() || threads < 1) fail("usage: tiff_floor [--threads N] [--zstd] TREE|TAR");
  TIFFSetWarningHandler(nullptr);
  const auto start = std::chrono::steady_clock::now();
  Totals totals;
  fs::is_directory(source) ? read_tree(source, threads, compresses, totals) : read_tar(source, threads, totals);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const double cpu = double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                     1e-6 * double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  std::printf(
      "{\"wall_s\": %.3f, \"cpu_s\": %.3f, \"files\": %llu, \"bytes\": %llu, \"pixels\": %llu, "
      "\"compressed_bytes\": %llu}\n",
      wall.count(), cpu, static_cast<unsigned long long>(totals.files), static_cast<unsigned long long>(totals.bytes),
      static_cast<unsigned long long>(totals.pixels), static_cast<unsigned long long>(totals.compressed_bytes));
  return 0;
}
