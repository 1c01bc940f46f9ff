"""What a submission may cost the grader: seconds, bytes and counts. Times are by the clock, but where it is said.

Those of the sizes of files stand in `intake`.
"""

__all__ = [
    "AHEAD",
    "CALLS_OF_A_CHECK",
    "CONNECT",
    "FIRST_ANSWER",
    "FIRST_USERS",
    "FRAMEWORK_RESOURCES",
    "GLANCE",
    "GRACE",
    "IMPORT",
    "PATIENCE",
    "READING",
    "READING_BYTES",
    "RESOURCES",
    "SCRATCH_BYTES",
    "START",
    "STOP",
    "SUBMISSION",
    "TOKENS",
    "TOKEN_READINGS",
    "USERS",
]

# One submission
SUBMISSION = 450.0  # seconds of processor time of all its processes, Q5 included: 30 times what the solution takes
GRACE = 60.0  # beyond PATIENCE times that, by the clock, until the process that grades it counts as hung

PATIENCE = 5  # seconds by the clock to a second of processor time, on a busy machine
READING = 10.0  # seconds of processor time for reading archives, or a notebook, or comparing code
READING_BYTES = 2**30  # bytes of memory for that

# A sandbox
START = 60.0  # until NumPy is imported, on a busy machine
IMPORT = 10.0  # importing a module of the submission, as on a student's machine
FIRST_ANSWER = 1.0  # of a check, which is the grader's own code; a busy machine gets a second try
CALLS_OF_A_CHECK = 5000  # calls to the reference solution
SCRATCH_BYTES = 2**24  # bytes of the scratch folder
RESOURCES = {  # names of RLIMIT_...
    "AS": 2**30,  # bytes of address space, each process
    "DATA": 2**30,
    "NPROC": 32,  # processes and threads of the sandbox's user
    "FSIZE": SCRATCH_BYTES,
    "CPU": 120,  # seconds of processor time, each process: for what hides from the deadlines
    "CORE": 0,
    "NOFILE": 256,
    "MSGQUEUE": 0,
    "MEMLOCK": 0,
}
FRAMEWORK_RESOURCES = {"AS": 2**32, "DATA": 2**32, "NPROC": 128}  # TensorFlow has threads of its own

# Users of sandboxes, where the grader is root: the first range that this machine or container has.
# The first one belongs to nobody (https://systemd.io/UIDS-GIDS); the second is for containers with 65536 users.
FIRST_USERS = (1_900_000_000, 62_000)
USERS = 3000

# Dask
CONNECT = 30.0  # until there is a scheduler with a worker
AHEAD = 2  # submissions on their way to each thread of a worker
STOP = 15.0  # until a worker that hangs is given up, if it cannot be stopped
GLANCE = 10.0  # after which, without news, it is looked whether there are workers left

# Similarity
TOKENS = 1_000_000  # of all code of a submission, its modules first: more than the largest file that is read has
TOKEN_READINGS = 4  # times the lines of a file that are read, where its syntax is broken
