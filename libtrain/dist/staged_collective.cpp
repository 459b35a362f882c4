#include "libtrain/dist/staged_collective.hpp"

#include <ATen/ATen.h>

namespace eoshard::train {
namespace {

class StagedCollective final : public Collective {
 public:
  explicit StagedCollective(std::unique_ptr<Collective> host) : host_(std::move(host)) {}

  int rank() const override { return host_->rank(); }
  int size() const override { return host_->size(); }

  void broadcast(const at::Tensor& values, int root) override {
    const at::Tensor staged = stage(values, first_);
    host_->broadcast(staged, root);
    values.copy_(staged);
  }

  void exchange(const at::Tensor& from, const Pieces& sent, const at::Tensor& to, const Pieces& received) override {
    const at::Tensor outgoing = stage(from, first_), incoming = stage(to, second_);
    host_->exchange(outgoing, sent, incoming, received);
    to.copy_(incoming);
  }

  void gather_all(const at::Tensor& values, const Pieces& pieces) override {
    const at::Tensor staged = stage(values, first_);
    host_->gather_all(staged, pieces);
    values.copy_(staged);
  }

  void sum(const at::Tensor& values) override {
    const at::Tensor staged = stage(values, first_);
    host_->sum(staged);
    values.copy_(staged);
  }

 private:
  // A copy in pinned memory, which is kept from call to call.
  static at::Tensor stage(const at::Tensor& values, at::Tensor& memory) {
    const bool is_fit =
        memory.defined() && memory.numel() >= values.numel() && memory.scalar_type() == values.scalar_type();
    if (!is_fit) {
      memory = at::empty({values.numel()}, values.options().device(at::kCPU).pinned_memory(values.is_cuda()));
    }
    const at::Tensor staged = memory.narrow(0, 0, values.numel());
    staged.copy_(values);
    return staged;
  }

  std::unique_ptr<Collective> host_;
  at::Tensor first_, second_;
};

}  // namespace

std::unique_ptr<Collective> make_staged_collective(std::unique_ptr<Collective> host) {
  return std::make_unique<StagedCollective>(std::move(host));
}

}  // namespace eoshard::train
