#include "libingest/mpi/rank_watch.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <random>
#include <thread>

#include "libingest/core/unique_handle.hpp"

namespace eoshard {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::atomic<std::uint64_t> progress = 0;
std::atomic<int> waits = 0;

struct SocketTraits {
  static int invalid() noexcept { return -1; }
  static void close(int socket) noexcept { ::close(socket); }
};
using Socket = UniqueHandle<int, SocketTraits>;

// One datagram. Ranks are of one run and one architecture.
struct Sign {
  std::uint64_t run = 0;  // drawn by rank 0: other programs' datagrams are not listened to
  std::int32_t rank = 0;
  std::int32_t is_waiting = 0;
  std::uint64_t progress = 0;
  std::int32_t lost_rank = -1;  // from rank 0: all end, because of this rank
};

// What a rank tells the others at the start.
struct Address {
  std::array<char, 256> host{};
  std::int32_t process = 0;
  std::uint16_t port = 0;
  std::uint64_t run = 0;
};

struct Heard {
  Clock::time_point last_sign, last_progress;
  std::uint64_t progress = 0;
  bool is_waiting = false;
  bool has_sent = false;
  sockaddr_storage from{};
  socklen_t from_length = 0;
};

Socket bind_socket(std::uint16_t& port) {
  Socket handle(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(INADDR_ANY);
  socklen_t length = sizeof(own);
  if (handle.get() < 0 || ::bind(handle.get(), reinterpret_cast<sockaddr*>(&own), length) != 0 ||
      ::getsockname(handle.get(), reinterpret_cast<sockaddr*>(&own), &length) != 0) {
    throw Error(ErrorKind::io,
                fmt::format("no UDP socket to watch ranks with: {}; try --rank-timeout 0", std::strerror(errno)));
  }
  port = ntohs(own.sin_port);
  return handle;
}

sockaddr_in resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_DGRAM;
  if (const int status = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); status != 0) {
    throw Error(ErrorKind::io, fmt::format("the host of rank 0, {}, has no address here: {}; --rank-timeout 0 does "
                                           "without a watch over ranks",
                                           host, ::gai_strerror(status)));
  }
  sockaddr_in address{};
  std::memcpy(&address, found->ai_addr, sizeof(address));
  ::freeaddrinfo(found);
  address.sin_port = htons(port);
  return address;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

Address own_address(std::uint16_t port) {
  Address own;
  ::gethostname(own.host.data(), own.host.size() - 1);
  own.process = static_cast<std::int32_t>(::getpid());
  own.port = port;
  own.run = std::random_device()() + (std::uint64_t{std::random_device()()} << 32);
  return own;
}

constexpr int kFailure = 1;

}  // namespace

class RankWatch::Post {
 public:
  Post(const Communicator& world, double timeout_s, const Log& log)
      : rank_(world.rank()), timeout_s_(timeout_s), log_(log) {
    std::uint16_t port = 0;
    world.agree([&] { socket_ = bind_socket(port); });
    const Address own = own_address(port);
    ranks_ = world.all_gather(std::span<const Address>(&own, 1));
    const bool is_near = ranks_.front().host == own.host;
    world.agree([&] { root_ = resolve(is_near ? "localhost" : ranks_.front().host.data(), ranks_.front().port); });
    self_ = loopback(port);
    heard_.resize(rank_ == 0 ? ranks_.size() : 1);
    forgive();
    thread_ = std::thread([this] { run(); });
  }

  ~Post() {
    {
      const std::lock_guard lock(mutex_);
      is_closing_ = true;
    }
    closing_.notify_all();
    thread_.join();
  }

 private:
  void run() {
    const std::chrono::duration<double> beat(std::clamp(timeout_s_ / 10, 0.02, 0.5));
    std::unique_lock lock(mutex_);
    auto last_beat = Clock::now();
    do {
      if (seconds_since(last_beat) > timeout_s_ / 2) forgive();  // this process itself was stopped
      last_beat = Clock::now();
      receive();
      if (!is_own_host_heard_) send(own_sign(), self_);
      if (rank_ == 0) {
        note(heard_.front(), own_sign());
        look_for_lost();
      } else {
        send(own_sign(), root_);
        if (is_silent(0)) end(0, "nothing was heard from it");
      }
      warn_of_unheard();
    } while (!closing_.wait_for(lock, beat, [&] { return is_closing_; }));
  }

  // Begins to count anew.
  void forgive() {
    for (Heard& other : heard_) other.last_sign = other.last_progress = Clock::now();
  }

  Sign own_sign() const { return {ranks_.front().run, rank_, waits > 0 ? 1 : 0, progress, -1}; }

  void send(const Sign& sign, const sockaddr_in& to) const {
    send(sign, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
  }

  void send(const Sign& sign, const sockaddr* to, socklen_t length) const {
    ::sendto(socket_.get(), &sign, sizeof(sign), MSG_DONTWAIT, to, length);  // a lost one is followed by others
  }

  void receive() {
    Sign sign;
    sockaddr_storage from{};
    socklen_t length = sizeof(from);
    while (::recvfrom(socket_.get(), &sign, sizeof(sign), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &length) ==
           static_cast<ssize_t>(sizeof(sign))) {
      if (sign.run == ranks_.front().run) take(sign, from, length);
      length = sizeof(from);
    }
  }

  void take(const Sign& sign, const sockaddr_storage& from, socklen_t length) {
    if (sign.lost_rank >= 0) std::_Exit(kFailure);  // rank 0 has told why
    if (sign.rank == rank_) {
      is_own_host_heard_ = true;
      return;
    }
    const auto sender = static_cast<std::size_t>(rank_ == 0 ? sign.rank : 0);
    if (sender >= heard_.size()) return;
    heard_[sender].from = from;
    heard_[sender].from_length = length;
    note(heard_[sender], sign);
    if (rank_ == 0) send(own_sign(), reinterpret_cast<const sockaddr*>(&from), length);
  }

  static void note(Heard& heard, const Sign& sign) {
    heard.last_sign = Clock::now();
    if (sign.progress != heard.progress) heard.last_progress = heard.last_sign;
    heard.progress = sign.progress;
    heard.is_waiting = sign.is_waiting != 0;
    heard.has_sent = true;
  }

  bool is_silent(std::size_t rank) const {
    return seconds_since(heard_[rank].last_sign) > timeout_s_ && (heard_[rank].has_sent || is_host_heard(rank));
  }

  // Datagrams from the rank's host find the way, so one that was never heard has not sent any.
  bool is_host_heard(std::size_t rank) const {
    if (ranks_[rank].host == ranks_[static_cast<std::size_t>(rank_)].host) return is_own_host_heard_;
    for (std::size_t other = 0; other < heard_.size(); ++other) {
      if (heard_[other].has_sent && ranks_[other].host == ranks_[rank].host) return true;
    }
    return false;
  }

  bool is_standing(std::size_t rank) const {
    return heard_[rank].has_sent && seconds_since(heard_[rank].last_progress) > timeout_s_;
  }

  // A rank that was stopped holds up others, which then stand as well: silence counts first, and then who stands
  // longest without waiting for others.
  void look_for_lost() {
    std::size_t standing = 0;
    const Heard* longest = nullptr;
    for (std::size_t rank = 0; rank < heard_.size(); ++rank) {
      if (is_silent(rank)) end(rank, "nothing was heard from it");
      if (!is_standing(rank)) continue;
      ++standing;
      const bool is_longer = longest == nullptr || heard_[rank].last_progress < longest->last_progress;
      if (!heard_[rank].is_waiting && is_longer) longest = &heard_[rank];
    }
    if (longest != nullptr) end(static_cast<std::size_t>(longest - heard_.data()), "its work has not moved");
    if (standing == heard_.size()) end_all();
  }

  void warn_of_unheard() {
    if (has_warned_ || seconds_since(begin_) < timeout_s_) return;
    has_warned_ = true;
    for (std::size_t rank = 0; rank < heard_.size(); ++rank) {
      if (heard_[rank].has_sent) continue;
      log_.warning(fmt::format("no datagram (UDP) of rank {} on {} has come through: nobody will notice if it is lost",
                               rank, ranks_[rank].host.data()));
    }
  }

  [[noreturn]] void end(std::size_t lost, const char* what) {
    const Address& address = ranks_[lost];
    end(lost, fmt::format("rank {} (process {} on {}) is lost: {}", lost, address.process, address.host.data(), what));
  }

  // A message between ranks is lost, or a rank has left its work by an error; none of them is to blame.
  [[noreturn]] void end_all() { end(0, std::string("all ranks have waited for each other")); }

  // Not by MPI, which may hang: processes that end without it make the launcher end the rest.
  [[noreturn]] void end(std::size_t lost, const std::string& why) {
    log_.error(
        fmt::format("{} for {:g} s; all ranks end. Run again to go on from the last checkpoint; --rank-timeout sets "
                    "the time",
                    why, timeout_s_));
    Sign last = own_sign();
    last.lost_rank = static_cast<std::int32_t>(lost);
    for (int repeat = 0; rank_ == 0 && repeat < 3; ++repeat) {
      for (const Heard& other : heard_) send(last, reinterpret_cast<const sockaddr*>(&other.from), other.from_length);
    }
    std::_Exit(kFailure);
  }

  int rank_;
  double timeout_s_;
  const Log& log_;
  Clock::time_point begin_ = Clock::now();
  bool has_warned_ = false;
  Socket socket_;
  std::vector<Address> ranks_;
  sockaddr_in root_{}, self_{};
  bool is_own_host_heard_ = false;  // this rank's signs to itself have come
  std::vector<Heard> heard_;        // by rank 0 from each rank, by others from rank 0
  std::mutex mutex_;
  std::condition_variable closing_;
  bool is_closing_ = false;
  std::thread thread_;
};

RankWatch::RankWatch(const Communicator& world, double timeout_s, const Log& log) {
  if (world.size() > 1 && timeout_s > 0) post_ = std::make_unique<Post>(world, timeout_s, log);
}

RankWatch::~RankWatch() = default;

void RankWatch::note_progress() { ++progress; }

WaitingForRanks::WaitingForRanks() { ++waits; }

// What was waited for has come: the time begins anew.
WaitingForRanks::~WaitingForRanks() {
  ++progress;
  --waits;
}

}  // namespace eoshard
