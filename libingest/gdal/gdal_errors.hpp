// GDAL's errors as ours. GDAL prints to stderr by default and reports through return codes and a thread-local message.
#pragma once

#include <string>
#include <string_view>

namespace eoshard::ingest {

/// While alive, catches what GDAL reports on this thread instead of letting it print.
class GdalErrors {
 public:
  GdalErrors();
  ~GdalErrors();
  GdalErrors(const GdalErrors&) = delete;
  GdalErrors& operator=(const GdalErrors&) = delete;

  /// Everything reported so far, warnings too, joined by "; ".
  const std::string& text() const { return text_; }
  bool has_any() const { return !text_.empty(); }

 private:
  friend void add_gdal_message(GdalErrors& errors, std::string_view message);
  std::string text_;
};

/// @throws Error{input} "what: <GDAL's own words>" unless `succeeded`.
void check_gdal(bool succeeded, std::string_view what, const GdalErrors& errors);

/// Registers GDAL's drivers and sets what the pipeline relies on (its own threads, a small block cache). Idempotent.
void initialise_gdal();

}  // namespace eoshard::ingest
