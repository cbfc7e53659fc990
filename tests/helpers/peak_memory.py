"""A program between a test and a command, which says what the command's memory came to at most."""

# A small process of its own: what a process is started from counts in its peak as well.
MEASURED = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""
