"""What a submission may cost the grader: seconds (by the clock, but where it is said), bytes, counts."""

__all__ = [
    "AHEAD",
    "ARCHIVES_INSIDE",
    "ARCHIVE_BYTES",
    "CALLS_OF_A_CHECK",
    "CELLS",
    "CELL_CHARACTERS",
    "CELLS_FOR_ONE",
    "CELL_NUMBERS",
    "CELL_OUTPUTS",
    "CELL_PICTURES",
    "COMMENT_CHARACTERS",
    "CONNECT",
    "DAYS_LATE",
    "ENTRIES",
    "ENTRY_BYTES",
    "EXPORT_BYTES",
    "FIGURES",
    "FIGURE_BYTES",
    "FILES_LOOKED_AT",
    "FIRST_ANSWER",
    "FIRST_USERS",
    "FOLDERS",
    "FOLDER_DEPTH",
    "FRAMEWORK_RESOURCES",
    "GLANCE",
    "GRACE",
    "GRADEBOOK_CHARACTERS",
    "IMPORT",
    "MB",
    "MODULES",
    "MODULE_BYTES",
    "NAME_CHARACTERS",
    "NOTEBOOK_BYTES",
    "PAGE_CHARACTERS",
    "PATH_CHARACTERS",
    "PART_CHARACTERS",
    "PATIENCE",
    "PROBLEMS",
    "RATIO_FROM",
    "READING",
    "READING_BYTES",
    "RESOURCES",
    "SCRATCH_BYTES",
    "START",
    "STOP",
    "STRAY_ARCHIVES",
    "SUBMISSION",
    "SUBMISSION_BYTES",
    "TABLE_BYTES",
    "TABLE_PROBLEMS",
    "TOKENS",
    "TOKEN_READINGS",
    "UNPACKED_BYTES",
    "RATIO",
    "USERS",
    "VALUE_CHARACTERS",
    "ZIP_LIST_BYTES",
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

# Archives and folders
MB = 2**20  # bytes
ARCHIVE_BYTES = 512 * MB
ZIP_LIST_BYTES = 32 * MB  # of a zip archive's list of entries
UNPACKED_BYTES = 1024 * MB  # that a tar or 7z archive unpacks to, as it says and as it is
RATIO, RATIO_FROM = 200, 16 * MB  # unpacked to packed, from this size on
ENTRY_BYTES = 64 * MB  # of an entry that is taken into memory
EXPORT_BYTES = 32 << 30  # that an export as it was downloaded unpacks to
ENTRIES = 50_000  # of files that could count
ARCHIVES_INSIDE = 20  # archives inside a submission that are opened
STRAY_ARCHIVES = 3  # archives and packages beside a loose file of the assignment that one student may have
FOLDER_DEPTH = 40  # folders in folders
FILES_LOOKED_AT = 400  # to tell whether a folder holds a submission
PATH_CHARACTERS, PART_CHARACTERS = 400, 150  # of a path and of each part
NAME_CHARACTERS = 80  # of a submission's name
PROBLEMS = 40  # of a submission that are told

# Files that count, unpacked
MODULE_BYTES, NOTEBOOK_BYTES, SUBMISSION_BYTES = 1 * MB, 32 * MB, 128 * MB
MODULES, FOLDERS = 300, 60

# Notebooks
CELLS = 2_000
CELL_CHARACTERS = 20_000
CELL_OUTPUTS = 100
CELL_PICTURES = 20  # in its text
CELLS_FOR_ONE = 40  # that stand for one of the release
CELL_NUMBERS = 20  # that a cell shows
FIGURE_BYTES = 2 * MB
FIGURES = 24  # of an item, pasted ones and those of outputs
PICTURE_FILES = 40  # that are read beside the notebooks

# Tables that staff write
TABLE_BYTES = 64 * MB
TABLE_PROBLEMS = 20  # that are told at once
COMMENT_CHARACTERS = 2000
DAYS_LATE = 365

# Tables and pages that staff read
GRADEBOOK_CHARACTERS = 2000  # of a cell
PAGE_CHARACTERS = 20_000_000  # of answers and figures on a page, beyond which another begins
VALUE_CHARACTERS = 5000  # of a value that a page shows
