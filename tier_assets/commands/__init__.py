"""The `strata` command's groups, one module each. They parse, call the domain and print; they decide nothing."""
