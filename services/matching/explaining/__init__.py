"""Why a request got what it got: computed from a plan or a recorded round, and put in words."""
