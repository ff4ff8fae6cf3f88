"""What commands and notices of runs say, in the language of the job: one catalogue, by key."""

from __future__ import annotations

from collections.abc import Mapping

from salesforecast.errors import DataError, Finding, SalesforecastError
from salesforecast.findings import filled, said
from salesforecast.reporting.wording import Wording
from salesforecast.wishes import LANGUAGES

ENGLISH: Mapping[str, str] = {
    # how a run ended
    "error": "error",
    "warning": "warning",
    "note": "note",
    "repair": "repair",
    "where": "where",
    "fix": "fix",
    "end": ". ",
    "colon": ": ",
    "unit of time": "s",
    "left": "  (about {n:.0f} s left)",
    "listed": "listed below",
    "several errors": "the data have {n} kinds of errors",
    "correct them": "correct them in the source and run again; nothing was written.",
    "first of": "{what} (and {n} more)",
    "unchanged": "Nothing has changed since run {run}: it was not repeated (--force does).",
    "report": "Report:  {path}",
    "results": "Results: {path}",
    "planner": "For the planner: {path}",
    # a run in a list
    "done": "done",
    "warned": "{what} ({n:warning|warnings})",
    "no word": "stopped before it could say why",
    "no runs": "no run is kept in {path}",
    "latest": "latest",
    "good": "good",
    "failed": "failed",
    "folder": "folder",
    "kept": "kept",
    "started": "started",
    "finished": "finished",
    "took": "took",
    "first kept": "run '{run}' is the first that is kept.",
    "no other": "there is nothing to compare it with yet.",
    # two runs side by side
    "from to": "From run {before} to run {after}:",
    "data": "data",
    "wishes": "wishes",
    "organisation": "organisation",
    "software": "software",
    "targets": "targets",
    "periods": "periods",
    "nothing in": "nothing that went in has changed",
    "targets same": "unchanged",
    "other measure": "not compared: another measure is planned",
    "next planned": "{was} -> {now}: the next ones are planned",
    "unit": "unit",
    "was": "was",
    "now": "now",
    "change": "change",
    "by forecast": "forecast",
    "by split": "split",
    "why": "why",
    "more units": "... and {n} more (--json lists all)",
    "new": "new",
    "no target": "had no target",
    "gone": "gone",
    "restated by": "history restated by {amount:+,.0f}",
    "forecast moved": "its forecast moved",
    "limit moved": "a limit moved",
    "asked otherwise": "asked for more or less beside its forecast",
    "joint": "; ",
    "restated": "history restated: {each}",
    "restated at": "{amount:+,.0f} in '{place}'",
    "more places": "{each} and {n} more places",
    "lines": "{n:+,} order lines; newest {was} -> {now}",
    "whole until": "whole periods up to {was} -> {now}",
    "files": "changed: {names}",
    "own code": "the package's own code",
    "line was": "was: {line}",
    "line now": "now: {line}",
    # a dry run
    "in order": "The job is in order; nothing was run.",
    "job": "job",
    "notebook": "notebook",
    "parameters": "parameters",
    "outputs": "results go to",
    "deadline": "deadline",
    "seconds": "{n:,.0f} s",
    "gate": "data gate",
    "gate on": "on",
    "gate off": "off: the data are not compared with the last run's",
    "notices": "notices",
    "notice": "{kind} on {outcomes}",
    "nobody": "nobody is told",
    "notes": "notes",
    "none": "none",
    "last run": "last run with these parameters",
    "read": "data read",
    "data read": "{n:,} {n:=order line|order lines} up to {newest}",
    "would plan": "would plan",
    "plan": "{total:,} over {n:position|positions}, {first} to {last}",
    "on success": "success",
    "on warning": "warning",
    "on failure": "failure",
    "on unchanged": "nothing new",
    "scenario twice": "{file} gives {names}: the {first} decides",
    "not set": "the variable {name} is not set here; the schedule must set it",
}
CHINESE: Mapping[str, str] = {
    "error": "错误",
    "warning": "警告",
    "note": "提示",
    "repair": "修正",
    "where": "位置",
    "fix": "怎么办",
    "end": "。",
    "colon": "：",
    "unit of time": "秒",
    "left": "（约剩 {n:.0f} 秒）",
    "listed": "见下",
    "several errors": "数据有 {n} 类错误",
    "correct them": "请在数据来源中更正后重新运行；没有写入任何结果。",
    "first of": "{what}（另有 {n} 项）",
    "unchanged": "自运行 {run} 以来没有变化，未重复运行（--force 可强制运行）。",
    "report": "报告：{path}",
    "results": "结果：{path}",
    "planner": "计划员工作簿：{path}",
    "done": "已完成",
    "warned": "{what}（{n} 条警告）",
    "no word": "中止，未能说明原因",
    "no runs": "{path} 中没有保留任何运行",
    "latest": "最新",
    "good": "成功",
    "failed": "失败",
    "folder": "文件夹",
    "kept": "已保留于",
    "started": "开始",
    "finished": "结束",
    "took": "用时",
    "first kept": "运行“{run}”是所保留的第一次运行。",
    "no other": "尚无可比较的运行。",
    "from to": "由运行 {before} 到运行 {after}：",
    "data": "数据",
    "wishes": "要求",
    "organisation": "组织",
    "software": "软件",
    "targets": "目标",
    "periods": "期间",
    "nothing in": "输入没有变化",
    "targets same": "没有变化",
    "other measure": "不作比较：规划的是另一指标",
    "next planned": "{was} -> {now}：规划的是下一期间",
    "unit": "单位",
    "was": "原为",
    "now": "现为",
    "change": "变动",
    "by forecast": "因预测",
    "by split": "因分配",
    "why": "原因",
    "more units": "……另有 {n} 个（--json 列出全部）",
    "new": "新增",
    "no target": "原无目标",
    "gone": "已取消",
    "restated by": "历史数据改动 {amount:+,.0f}",
    "forecast moved": "预测有变动",
    "limit moved": "限制条件有变动",
    "asked otherwise": "在预测之外要求更多或更少",
    "joint": "；",
    "restated": "历史数据改动：{each}",
    "restated at": "“{place}”{amount:+,.0f}",
    "more places": "{each}，另有 {n} 个地区",
    "lines": "订单行 {n:+,}；最新日期 {was} -> {now}",
    "whole until": "完整期间止于 {was} -> {now}",
    "files": "有变化的文件：{names}",
    "own code": "本软件自身的代码",
    "line was": "原为：{line}",
    "line now": "现为：{line}",
    "in order": "任务无误；没有运行。",
    "job": "任务",
    "notebook": "笔记本",
    "parameters": "参数",
    "outputs": "结果存放于",
    "deadline": "时限",
    "seconds": "{n:,.0f} 秒",
    "gate": "数据检查",
    "gate on": "开启",
    "gate off": "关闭：不与上次运行的数据比较",
    "notices": "通知",
    "notice": "{kind}：{outcomes}",
    "nobody": "不通知任何人",
    "notes": "提示",
    "none": "无",
    "last run": "参数相同的上次运行",
    "read": "已读数据",
    "data read": "{n:,} 行订单，截至 {newest}",
    "would plan": "将规划",
    "plan": "{total:,}，{n} 个岗位，{first} 至 {last}",
    "on success": "成功",
    "on warning": "警告",
    "on failure": "失败",
    "on unchanged": "无新内容",
    "scenario twice": "{file} 同时给出 {names}：以 {first} 为准",
    "not set": "此处未设置变量 {name}；定时任务须设置它",
}
_LANGUAGES = dict(zip(LANGUAGES, (ENGLISH, CHINESE), strict=True))


def say(key: str, language: str, **figures: object) -> str:
    """The words for `key`, figures filled in; an unknown language is English."""
    return filled(_LANGUAGES.get(language, ENGLISH)[key], figures)


def in_language(error: SalesforecastError, language: str) -> SalesforecastError:
    """The error as its reader reads it: refused data by their findings, others as they are."""
    errors = [said(finding, language) for finding in getattr(error, "findings", ())]
    if language == "en" or not errors:
        return error
    kept = error.fix.partition("\n")[2].strip().rpartition(": ")[2]  # where a failed run was kept
    more = f"\n  {say('kept', language)}{say('colon', language)}{kept}" if kept else ""
    if len(errors) == 1:
        what, where, fix = errors[0].what, errors[0].where, errors[0].effect
    else:
        what, where = say("several errors", language, n=len(errors)), say("listed", language)
        fix = say("correct them", language)
    what += say("end", language).rstrip()
    return DataError(what, where=where, fix=f"{fix}{more}", findings=errors)


def message(error: SalesforecastError, language: str) -> str:
    """The error as a terminal shows it."""
    read, colon = in_language(error, language), say("colon", language)
    lines = [f"{say('error', language)}{colon}{read.what}"]
    lines += [f"  {say(name, language)}{colon}{getattr(read, name)}" for name in ("where", "fix")]
    findings = getattr(read, "findings", ())
    lines += [f"  - {line(one, language)}" for one in (findings if len(findings) > 1 else ())]
    return "\n".join(lines)


def line(finding: Finding, language: str) -> str:
    """A finding in a line."""
    read, head = said(finding, language), say(finding.severity, language)
    where = f"（{read.where}）" if language == "zh" else f" ({read.where})"
    return f"{head}{say('colon', language)}{read.what}{where}{say('end', language)}{read.effect}"


def stage(name: str, language: str) -> str:
    """A line of progress: the name of a stage in the reader's language, or as it is."""
    return Wording(language).name("stage", name)


def language_of(values: Mapping[str, object]) -> str:
    """The language that a run was asked for, or English."""
    asked = str(values.get("language", ""))
    return asked if asked in LANGUAGES else LANGUAGES[0]
