"""Excel and back: the planner's workbook and the input template out, what people filled in back in.

Pure functions, bytes out and bytes in; nothing here touches a screen, a file or a store.

    planner_book.planner_workbook(plan, measure, language="en", name="") -> bytes
    template.input_template(plan, measure, language="en") -> bytes
    load_back.load_back(data, file_name, plan, measure, language="en", owner="", divisor=1) -> LoadedBack

`plan` is what the screen shows (`session.plan`), `measure` is `inputs.organisation.measure`.
`LoadedBack.scenario` is the plan's scenario with what was typed; `changes` says what that is,
`repairs` what was read in other than the plain way, `refusals` what was not taken and why, each
with its cell. What is refused keeps its old value. `changes`, `repairs`, `refusals` and `notes`
print themselves (`str(note)`) in the language asked for.
"""
