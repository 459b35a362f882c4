#include "libingest/mpi/session.hpp"

#include <mpi.h>

#include <cstdlib>

#include "libingest/mpi/communicator.hpp"

namespace eoshard {

MpiSession::MpiSession(MpiThreads threads) {
  const int wanted = threads == MpiThreads::any ? MPI_THREAD_MULTIPLE : MPI_THREAD_FUNNELED;
  int provided = 0;
  check_mpi(MPI_Init_thread(nullptr, nullptr, wanted, &provided), "MPI_Init_thread");
  if (provided < wanted) throw Error(ErrorKind::mpi, "this MPI library does not support the threads that are needed");
}

MpiSession::~MpiSession() { MPI_Finalize(); }

int launcher_rank() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID", "RANK"}) {
    if (const char* value = std::getenv(name)) return std::atoi(value);
  }
  return 0;
}

void abort_all_ranks(int exit_status) {
  MPI_Abort(MPI_COMM_WORLD, exit_status);
  std::abort();
}

}  // namespace eoshard
