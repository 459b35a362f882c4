#include <gtest/gtest.h>

#include <thread>

#include "libingest/pipeline/item_queue.hpp"
#include "libingest/pipeline/sample_packer.hpp"

namespace eoshard::ingest {
namespace {

TEST(ItemQueue, HandsOverInOrderAndEnds) {
  ItemQueue<int> queue(2);
  std::thread pushing([&] {
    for (int item = 0; item < 100; ++item) queue.push(item);
    queue.close();
  });
  int expected = 0;
  while (const std::optional<int> item = queue.take()) EXPECT_EQ(*item, expected++);
  EXPECT_EQ(expected, 100);
  pushing.join();
}

TEST(ItemQueue, NoSideIsLeftWaiting) {
  for (const std::size_t capacity : {1, 2, 3, 8}) {
    ItemQueue<int> queue(capacity);
    std::thread pushing([&] {
      for (int item = 0; item < 20000; ++item) queue.push(item);
      queue.close();
    });
    int taken = 0;
    while (queue.take()) ++taken;
    EXPECT_EQ(taken, 20000);
    pushing.join();
  }
}

TEST(ItemQueue, PushingGoesOnWhenTheOtherSideGivesUp) {
  ItemQueue<int> queue(1);
  std::thread pushing([&] {
    for (int item = 0; item < 100; ++item) queue.push(item);
  });
  queue.take();
  queue.abandon();
  pushing.join();
}

TEST(PackItems, TravelAsText) {
  PackItem item;
  item.entry = {"patch_1", "folder/patch_1", kUnlisted, ""};
  item.ruling.split = 2;
  item.ruling.classes = 5;
  item.ruling.fields = {"Austria", ""};
  item.raw.members = {{"patch_1_B01.tif", std::string("\0II*", 4)}, {"empty", ""}};
  PackItem damaged;
  damaged.entry.key = "patch_2";
  damaged.raw.damage = "cut";
  const std::vector<PackItem> items = parse_items(items_text({item, damaged}));
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].entry.locator, "folder/patch_1");
  EXPECT_EQ(items[0].ruling.split, 2);
  EXPECT_EQ(items[0].ruling.classes, 5u);
  EXPECT_EQ(items[0].ruling.fields, item.ruling.fields);
  EXPECT_EQ(items[0].raw.members.at(0).bytes, std::string("\0II*", 4));
  EXPECT_EQ(items[1].raw.damage, "cut");
  EXPECT_FALSE(items[1].ruling.classes);
}

}  // namespace
}  // namespace eoshard::ingest
