#include "libtrain/dist/store_link.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

namespace eoshard::train {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kLongestWait = std::chrono::hours(24 * 7);
constexpr auto kFarewell = 10s;
constexpr std::size_t kPieceBytes = std::size_t{4} << 20;  // TCPStore's server refuses values over 8 MiB

// Texts of any length in the store: cut into pieces, the first of which begins with their number.
class TextStore {
 public:
  TextStore(c10::intrusive_ptr<c10d::Store> store, const StorePlace& place)
      : store_(std::move(store)),
        failure_(fmt::format("rank {} lost the store of the ranks at {}", place.rank, place.where)) {
    store_->setTimeout(kLongestWait);
  }

  void put(const std::string& key, std::string_view text) {
    const std::size_t pieces = std::max<std::size_t>(1, (text.size() + kPieceBytes - 1) / kPieceBytes);
    for (std::size_t piece = pieces - 1; piece > 0; --piece) {
      set(piece_key(key, piece), std::string(text.substr(piece * kPieceBytes, kPieceBytes)));
    }
    set(key, fmt::format("{}:", pieces) + std::string(text.substr(0, kPieceBytes)));
  }

  std::string get(const std::string& key) {
    std::string text = get_value(key);
    const std::size_t pieces = count_pieces(text);
    text.erase(0, text.find(':') + 1);
    for (std::size_t piece = 1; piece < pieces; ++piece) text += get_value(piece_key(key, piece));
    return text;
  }

  /// A text that was put is there no more.
  void remove(const std::string& key, std::size_t bytes) {
    at_store(failure_, [&] {
      store_->deleteKey(key);
      for (std::size_t piece = 1; piece * kPieceBytes < bytes; ++piece) store_->deleteKey(piece_key(key, piece));
    });
  }

  std::int64_t add(const std::string& key, std::int64_t amount) {
    return at_store(failure_, [&] { return store_->add(key, amount); });
  }

 private:
  static std::string piece_key(const std::string& key, std::size_t piece) { return fmt::format("{}/{}", key, piece); }

  static std::size_t count_pieces(const std::string& text) {
    std::size_t pieces = 1;
    std::from_chars(text.data(), text.data() + text.size(), pieces);
    return pieces;
  }

  void set(const std::string& key, const std::string& value) {
    at_store(failure_, [&] { store_->set(key, value); });
  }

  std::string get_value(const std::string& key) {
    return at_store(failure_, [&] { return store_->get_to_str(key); });
  }

  c10::intrusive_ptr<c10d::Store> store_;
  std::string failure_;
};

// Several texts as one, and back.
std::string join(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += fmt::format("{}:", text.size()) + text;
  return joined;
}

std::vector<std::string> part(const std::string& joined) {
  std::vector<std::string> texts;
  for (std::size_t at = 0; at < joined.size();) {
    std::size_t length = 0;
    const auto [end, status] = std::from_chars(joined.data() + at, joined.data() + joined.size(), length);
    at = static_cast<std::size_t>(end - joined.data()) + 1;
    texts.push_back(joined.substr(at, length));
    at += length;
  }
  return texts;
}

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

// Every call has a number, the same on all ranks, so that its keys meet no other call's. Ranks tell the root, the root
// tells all: the store then sees as many messages as there are ranks, not the square of that.
class StoreLink final : public RankLink {
 public:
  StoreLink(c10::intrusive_ptr<c10d::Store> store, const StorePlace& place)
      : store_(std::move(store), place), place_(place) {}

  ~StoreLink() override {
    try {
      take_leave();
    } catch (const Error&) {  // the others are gone
    }
  }
  StoreLink(const StoreLink&) = delete;
  StoreLink& operator=(const StoreLink&) = delete;

  int rank() const override { return place_.rank; }
  int size() const override { return place_.size; }

  void barrier() override { all_gather(""); }

  std::string broadcast(std::string text) override {
    ++turn_;
    return tell_all(std::move(text));
  }

  std::string scatter(const std::vector<std::string>& texts) override {
    ++turn_;
    if (!is_root()) return store_.get(key("to", rank()));
    for (int other = 1; other < size(); ++other) tell(key("to", other), texts[static_cast<std::size_t>(other)]);
    return texts.front();
  }

  std::vector<std::string> all_gather(std::string_view text) override {
    ++turn_;
    if (!is_root()) {
      store_.put(key("from", rank()), text);
      return part(tell_all({}));
    }
    std::vector<std::string> texts = {std::string(text)};
    for (int other = 1; other < size(); ++other) {
      texts.push_back(store_.get(key("from", other)));
      store_.remove(key("from", other), texts.back().size());
    }
    forget_told();
    tell_all(join(texts));
    return texts;
  }

  void sum(std::span<std::uint64_t> values) override { sum_in_order(values); }
  void sum(std::span<double> values) override { sum_in_order(values); }

  NodePlace node_place() override {
    const std::string own = host_name();
    const std::vector<std::string> all = all_gather(own);
    return {place_.local_rank, static_cast<int>(std::ranges::count(all, own))};
  }

  // The launcher, or the watch over ranks, ends the others; those that wait for a store in this process end at once.
  void abort(int exit_status) override { std::_Exit(exit_status); }

 private:
  bool is_root() const { return rank() == 0; }
  std::string key(const char* what, int other = 0) const { return fmt::format("{}/{}/{}", turn_, what, other); }

  std::string tell_all(std::string text) {
    if (!is_root()) return store_.get(key("all"));
    if (size() > 1) tell(key("all"), text);
    return text;
  }

  void tell(const std::string& key, const std::string& text) {
    store_.put(key, text);
    told_.emplace_back(key, text.size());
  }

  // All ranks have begun this call: they have read what was told in those before.
  void forget_told() {
    for (const auto& [key, bytes] : std::exchange(told_, {})) store_.remove(key, bytes);
  }

  template <class Value>
  void sum_in_order(std::span<Value> values) {
    const auto bytes = std::as_bytes(values);
    const std::string_view mine(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const std::vector<std::string> all = all_gather(mine);
    std::ranges::fill(values, Value{});
    for (const std::string& text : all) {
      for (std::size_t at = 0; at < values.size(); ++at) {
        Value value;
        std::memcpy(&value, text.data() + at * sizeof(Value), sizeof(Value));
        values[at] += value;
      }
    }
  }

  void take_leave() {
    if (!is_root()) {
      store_.add("left", 1);
      return;
    }
    const auto end = std::chrono::steady_clock::now() + kFarewell;
    while (store_.add("left", 0) + 1 < size() && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(5ms);
  }

  TextStore store_;
  StorePlace place_;
  std::uint64_t turn_ = 0;
  std::vector<std::pair<std::string, std::size_t>> told_;  // by the root: keys and bytes that still lie in the store
};

}  // namespace

std::unique_ptr<RankLink> link_by_store(c10::intrusive_ptr<c10d::Store> store, const StorePlace& place) {
  return std::make_unique<StoreLink>(std::move(store), place);
}

}  // namespace eoshard::train
