"""HTTP: the only layer that knows Flask. One class an endpoint; `errors` turns every failure into its answer."""
