"""Identity providers that we did not write, started as processes; `processes` has their fixtures' makers."""
