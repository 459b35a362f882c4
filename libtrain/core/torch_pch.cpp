// The target of the precompiled LibTorch headers has no code of its own.
