"""More series than a screen can hold: forecasts and targets from Parquet to Parquet, by chunks."""
