"""What this machine has, what is missing, and the one line that mends it; one idea a file."""
