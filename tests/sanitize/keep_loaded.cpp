// Linked into programs under the address sanitizer: modules of Open MPI stay loaded, so that what they never free can
// be told from what we never free (tests/sanitize/leaks.supp).
extern "C" int dlclose(void*) { return 0; }
