"""The planner's screen as an app: one server, warm kernels, a personal link a planner."""
