// Preloaded into a program under test: kills it (SIGKILL) just before or just after its Nth call that changes the
// contents or the name of a file in one folder: write, pwrite (HDF5's way), rename, link, fsync, syncfs.
//
// EOSHARD_KILL_UNDER=DIR  calls on other files do not count
// EOSHARD_KILL_AT=N       the call to die at, from 1; 0 or unset: live
// EOSHARD_KILL_KIND=...   count only calls of this name (write, rename, fsync); default all; a link counts as a rename
// EOSHARD_KILL_AFTER=1    die after the call instead of before it
// EOSHARD_KILL_COUNT=FILE append one line a call with its name (to learn how many there are)
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

using Write = ssize_t (*)(int, const void*, size_t);
using PositionedWrite = ssize_t (*)(int, const void*, size_t, off64_t);

const char* setting(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

void log_call(const char* name) {
  static const int file = *setting("EOSHARD_KILL_COUNT") != '\0'
                              ? open(setting("EOSHARD_KILL_COUNT"), O_WRONLY | O_CREAT | O_APPEND, 0644)
                              : -1;
  if (file < 0) return;
  char line[32];
  const int length = std::snprintf(line, sizeof(line), "%s\n", name);
  static const auto real_write = next<Write>("write");
  real_write(file, line, static_cast<size_t>(length));
}

// Whether this call is the one to die at.
bool is_the_call(const char* name) {
  static const long kill_at = std::atol(setting("EOSHARD_KILL_AT"));
  static const char* kind = setting("EOSHARD_KILL_KIND");
  static std::atomic<long> calls = 0;
  if (*kind != '\0' && std::strcmp(kind, name) != 0) return false;
  log_call(name);
  return ++calls == kill_at;
}

template <class Call>
auto counted(const char* name, const Call& call) {
  if (!is_the_call(name)) return call();
  if (*setting("EOSHARD_KILL_AFTER") != '\0') call();
  raise(SIGKILL);
  return call();
}

bool is_watched(const char* path) {
  static const char* folder = setting("EOSHARD_KILL_UNDER");
  return *folder != '\0' && std::strncmp(path, folder, std::strlen(folder)) == 0;
}

bool is_watched(int file) {
  char link[64], path[4096];
  std::snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
  const ssize_t length = readlink(link, path, sizeof(path) - 1);
  if (length < 0) return false;
  path[length] = '\0';
  return is_watched(path);
}

}  // namespace

extern "C" {

ssize_t write(int file, const void* data, size_t bytes) {
  static const auto real = next<Write>("write");
  if (!is_watched(file)) return real(file, data, bytes);
  return counted("write", [&] { return real(file, data, bytes); });
}

ssize_t pwrite64(int file, const void* data, size_t bytes, off64_t offset) {
  static const auto real = next<PositionedWrite>("pwrite64");
  if (!is_watched(file)) return real(file, data, bytes, offset);
  return counted("write", [&] { return real(file, data, bytes, offset); });
}

ssize_t pwrite(int file, const void* data, size_t bytes, off_t offset) { return pwrite64(file, data, bytes, offset); }

int rename(const char* from, const char* to) noexcept {
  static const auto real = next<int (*)(const char*, const char*)>("rename");
  if (!is_watched(to)) return real(from, to);
  return counted("rename", [&] { return real(from, to); });
}

int link(const char* from, const char* to) noexcept {
  static const auto real = next<int (*)(const char*, const char*)>("link");
  if (!is_watched(to)) return real(from, to);
  return counted("rename", [&] { return real(from, to); });
}

int fsync(int file) {
  static const auto real = next<int (*)(int)>("fsync");
  if (!is_watched(file)) return real(file);
  return counted("fsync", [&] { return real(file); });
}

int syncfs(int file) noexcept {
  static const auto real = next<int (*)(int)>("syncfs");
  if (!is_watched(file)) return real(file);
  return counted("fsync", [&] { return real(file); });
}
}
