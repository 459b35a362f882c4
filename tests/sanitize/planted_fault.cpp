// Commits one fault on purpose, so that a test sees the sanitizer of this build end it: planted_fault KIND.
#include <limits>
#include <string_view>
#include <thread>
#include <vector>

namespace {

// Volatile, so that the compiler does not see the fault.
volatile int one = 1;
volatile int sink = 0;

void read_past_the_end() {
  const std::vector<int> values(1);
  sink = values.data()[one];
}

void overflow() { sink = std::numeric_limits<int>::max() + one; }

void leak() {
  static int* volatile lost = nullptr;
  lost = new int(one);
  lost = nullptr;
}

void race() {
  static int shared = 0;
  std::thread other([] { shared += one; });
  shared += one;
  other.join();
  sink = shared;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view kind = count == 2 ? arguments[1] : "";
  if (kind == "read") read_past_the_end();
  if (kind == "overflow") overflow();
  if (kind == "leak") leak();
  if (kind == "race") race();
}
