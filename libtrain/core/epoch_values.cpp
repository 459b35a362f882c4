#include "libtrain/core/epoch_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <istream>
#include <ostream>

#include "libingest/core/error.hpp"

namespace eoshard::train {
namespace {

std::int64_t parse_number(std::string_view part, const std::string& text) {
  std::int64_t number = 0;
  const auto [end, status] = std::from_chars(part.data(), part.data() + part.size(), number);
  if (status == std::errc() && end == part.data() + part.size() && number >= 0) return number;
  throw Error(ErrorKind::usage, fmt::format("'{}' is no number, nor numbers by epoch such as 512,20:16384", text));
}

}  // namespace

EpochValues EpochValues::parse(const std::string& text) {
  EpochValues values;
  std::size_t start = 0;
  while (start != std::string::npos) {
    const std::size_t comma = text.find(',', start);
    const std::string_view part = std::string_view(text).substr(start, comma - start);
    const std::size_t colon = part.find(':');
    if (start == 0) {
      values = parse_number(part, text);
    } else if (colon == std::string_view::npos) {
      parse_number("", text);  // throws: only the first number stands alone
    } else {
      values.set(parse_number(part.substr(0, colon), text), parse_number(part.substr(colon + 1), text));
    }
    start = comma == std::string::npos ? comma : comma + 1;
  }
  return values;
}

std::string EpochValues::text() const {
  std::string text = std::to_string(steps_.front().value);
  for (std::size_t step = 1; step < steps_.size(); ++step) {
    text += fmt::format(",{}:{}", steps_[step].epoch, steps_[step].value);
  }
  return text;
}

std::int64_t EpochValues::at(std::int64_t epoch) const {
  const auto later =
      std::find_if(steps_.begin() + 1, steps_.end(), [&](const Step& step) { return step.epoch > epoch; });
  return std::prev(later)->value;
}

std::vector<std::int64_t> EpochValues::epochs() const {
  std::vector<std::int64_t> epochs;
  for (const Step& step : steps_) epochs.push_back(step.epoch);
  return epochs;
}

void EpochValues::set(std::int64_t epoch, std::int64_t value) {
  if (epoch == 0 && is_constant()) {
    steps_ = {{0, value}};
  } else if (epoch <= steps_.back().epoch) {
    throw Error(ErrorKind::usage, fmt::format("epochs must rise, but {} follows {}", epoch, steps_.back().epoch));
  } else {
    steps_.push_back({epoch, value});
  }
}

std::vector<std::int64_t> switching_epochs(std::initializer_list<EpochValues> all) {
  std::vector<std::int64_t> epochs;
  for (const EpochValues& values : all) {
    for (const std::int64_t epoch : values.epochs()) epochs.push_back(epoch);
  }
  std::sort(epochs.begin(), epochs.end());
  epochs.erase(std::unique(epochs.begin(), epochs.end()), epochs.end());
  return epochs;
}

std::istream& operator>>(std::istream& in, EpochValues& values) {
  std::string text;
  in >> text;
  try {
    values = EpochValues::parse(text);
  } catch (const Error&) {
    in.setstate(std::ios::failbit);
  }
  return in;
}

std::ostream& operator<<(std::ostream& out, const EpochValues& values) { return out << values.text(); }

}  // namespace eoshard::train
