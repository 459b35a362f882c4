// MPI from first to last: initialised by the constructor, finalised by the destructor.
#pragma once

namespace eoshard {

enum class MpiThreads {
  main_only,  ///< MPI_THREAD_FUNNELED: one thread calls MPI
  in_turn,    ///< MPI_THREAD_SERIALIZED: any thread, one at a time
  any,        ///< MPI_THREAD_MULTIPLE
};

/// Must outlive every Communicator. A program started without mpirun is a world of one rank.
class MpiSession {
 public:
  explicit MpiSession(MpiThreads threads);
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;
};

/// Rank that the launcher gave this process, readable before MPI starts; 0 without a launcher. mpirun's variables come
/// before Slurm's, because under mpirun inside a Slurm job every process sees SLURM_PROCID 0.
int launcher_rank();

/// Number of processes that the launcher started, likewise; 1 without a launcher.
int launcher_size();

/// The same of launchers that connect their processes by MPI, or should: mpirun and srun.
int connected_launcher_size();

}  // namespace eoshard
