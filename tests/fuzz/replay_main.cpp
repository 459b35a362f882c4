// The main of a fuzz target without libFuzzer: TARGET FOLDER SECONDS runs every file of FOLDER, then random changes of
// them. An input that ends the process lies in FOLDER/../last-input of then.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.hpp"

namespace {

namespace fs = std::filesystem;
using Random = std::mt19937_64;

std::size_t draw(Random& random, std::size_t limit) {
  return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
}

void change_once(std::string& text, const std::string& other, Random& random) {
  if (text.empty()) text = other;
  if (text.empty()) return;
  const std::size_t at = draw(random, text.size()),
                    length = 1 + draw(random, std::min<std::size_t>(text.size() - at, 64));
  switch (draw(random, 6)) {
    case 0: text[at] = static_cast<char>(text[at] ^ (1 << draw(random, 8))); break;
    case 1: text[at] = "\0\xff\x7f\x80\"<{,0-"[draw(random, 11)]; break;
    case 2: text.erase(at, length); break;
    case 3: text.insert(at, text.substr(draw(random, text.size()), length)); break;
    case 4: text.resize(at); break;
    default: text.replace(at, length, other.substr(std::min(other.size(), at), length)); break;
  }
}

void run(const std::string& text, const fs::path& last) {
  eoshard::put_file(last, text);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

std::vector<std::string> read_corpus(const fs::path& folder) {
  std::vector<std::string> corpus;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return corpus;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 2;
  const fs::path folder = arguments[1], last = folder.parent_path() / "last-input";
  const std::vector<std::string> corpus = read_corpus(folder);
  if (corpus.empty()) return 2;
  for (const std::string& text : corpus) run(text, last);

  Random random(1);
  std::uint64_t runs = corpus.size();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::stoi(arguments[2]));
  for (; std::chrono::steady_clock::now() < end; ++runs) {
    std::string text = corpus[draw(random, corpus.size())];
    for (std::size_t changes = 1 + draw(random, 4); changes > 0; --changes)
      change_once(text, corpus[draw(random, corpus.size())], random);
    run(text, last);
  }
  std::cout << runs << " inputs\n";
}
