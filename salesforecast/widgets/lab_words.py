"""The words of the forecast lab, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from salesforecast.errors import ParameterError, nearest

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title_history": "{title}: sales by month",
        "title_members": "{title}: what each model says",
        "title_fan": "{title}: the 50 % and 80 % ranges of futures",
        "title_parts": "{title}: what the forecast of {span} is made of",
        "sales": "sales", "forecast": "forecast", "treated": "as treated",
        "of_mix": "{name}: {share} of the mix", "of_futures": "{share} of futures",
        "range": "{share} range", "mix": "mix", "last_year": "last year, same months",
        "level": "level", "trend": "trend", "season": "season", "calendar": "calendar",
        "events": "events", "drivers": "drivers", "growth": "damped growth",
        "pipeline": "pipeline", "opening": "new places", "override": "override",
        "outlier": "outlier", "shift": "lasting shift",
        "as_it_was": "found, left as it is", "is_treated": "treated",
        "undo": 'to undo: [treatment] keep = ["{name}"]',
        "treat_outlier": "to treat: [treatment] outliers = true",
        "treat_shift": "to treat: [treatment] shifts = true",
        "treat_growth": "to damp: [treatment] growth = true",
        "treat_less": 'to damp: take "{name}" out of [treatment] keep',
        "nothing_odd": "Nothing odd was found in these series.",
        "unit": "Unit", "months": "Months", "change": "Change %", "or_value": "or amount",
        "author": "Who", "reason": "Why", "try": "Try", "record": "Record",
        "told": "{label}, {span}: {without} → {after} ({change})",
        "told_company": "company {without} → {after}",
        "recorded": "Recorded in {file}. It counts from the next run on.",
        "no_overrides": "No override has been recorded whose months are over.",
        "not_wired": "Add this line at the top of the organisation file: overrides = \"{file}\"",
    },
    "zh": {
        "title_history": "{title}：各月销售额",
        "title_members": "{title}：各模型的预测",
        "title_fan": "{title}：50 % 与 80 % 区间",
        "title_parts": "{title}：{span} 预测的构成",
        "sales": "销售额", "forecast": "预测", "treated": "处理后",
        "of_mix": "{name}：占组合 {share}", "of_futures": "{share} 的未来情形",
        "range": "{share} 区间", "mix": "组合", "last_year": "去年同期",
        "level": "水平", "trend": "趋势", "season": "季节", "calendar": "日历",
        "events": "事件", "drivers": "驱动因素", "growth": "异常增长折减",
        "pipeline": "项目储备", "opening": "新区域", "override": "人工调整",
        "outlier": "异常值", "shift": "水平变动",
        "as_it_was": "已发现，未处理", "is_treated": "已处理",
        "undo": '撤销：[treatment] keep = ["{name}"]',
        "treat_outlier": "处理：[treatment] outliers = true",
        "treat_shift": "处理：[treatment] shifts = true",
        "treat_growth": "折减：[treatment] growth = true",
        "treat_less": '折减：从 [treatment] keep 中删去 "{name}"',
        "nothing_odd": "这些序列中未发现异常。",
        "unit": "单位", "months": "月份", "change": "调整 %", "or_value": "或金额",
        "author": "调整人", "reason": "理由", "try": "试算", "record": "记录",
        "told": "{label}，{span}：{without} → {after}（{change}）",
        "told_company": "全公司 {without} → {after}",
        "recorded": "已记入 {file}，下次运行起生效。",
        "no_overrides": "尚无已到期的人工调整。",
        "not_wired": "请在组织文件开头加入：overrides = \"{file}\"",
    },
}  # fmt: skip
COLUMNS: Mapping[str, str] = {
    "model": "模型", "weight": "权重", "wape": "绝对误差率", "bias": "偏差", "period": "月份",
    "forecast": "预测", "low80": "80 % 下限", "low50": "50 % 下限", "high50": "50 % 上限",
    "high80": "80 % 上限", "level": "层级", "mase": "MASE", "coverage80": "80 % 覆盖率",
    "coverage95": "95 % 覆盖率", "count": "次数", "wape, forecast": "误差率，预测",
    "wape, last year": "误差率，去年同期", "wape, last periods": "误差率，最近几期",
    "wape, alone": "误差率，单独预测", "mase, forecast": "MASE，预测", "mase, alone": "MASE，单独",
    "coverage80, forecast": "80 % 覆盖率，预测", "coverage80, alone": "80 % 覆盖率，单独",
    "coverage95, forecast": "95 % 覆盖率，预测", "coverage95, alone": "95 % 覆盖率，单独",
    "pinball, forecast": "分位损失，预测", "pinball, alone": "分位损失，单独",
    "pinball ratio": "分位损失之比",
    "years": "历年增长倍数", "expected": "预测倍数", "kept": "折减后倍数",
    "node": "单位", "product": "产品", "kind": "类别", "original": "原值", "treated": "处理值",
    "state": "状态", "what to write": "如何更改", "name": "因素", "effect": "影响", "error": "误差",
    "seen": "显著", "unit": "每", "author": "调整人", "reason": "理由", "periods": "月份",
    "without": "模型", "with": "调整后", "actual": "实际", "error_without": "模型误差",
    "error_with": "调整后误差", "added": "增加的价值", "helped": "有益", "step": "步长",
    "season": "季节", "trend": "趋势", "calendar": "日历", "events": "事件", "drivers": "驱动因素",
    "growth": "异常增长折减", "pipeline": "项目储备", "opening": "新区域", "override": "人工调整",
}  # fmt: skip


def say(language: str, key: str, **values: object) -> str:
    """A text of the lab."""
    if language not in WORDS:
        raise ParameterError(
            f"there is no language '{language}'.",
            where="the parameter 'language'",
            fix=nearest(language, WORDS),
        )
    return WORDS[language][key].format(**values)


def figure(value: float) -> str:
    """A figure of a table: amounts as they are said, shares and errors to three decimals."""
    return f"{value + 0.0:,.0f}" if float(value).is_integer() else f"{value:,.3f}"


def headed(frame: pd.DataFrame, language: str) -> pd.DataFrame:
    """A table with headings in the reader's language; its figures stay."""
    if language == "en":
        return frame
    of_parts = {"level": WORDS[language]["level"]} if "season" in frame.columns else {}
    out = frame.rename(columns={**COLUMNS, **of_parts})
    out.index.names = [COLUMNS.get(str(name), name) for name in out.index.names]
    out.columns.name = COLUMNS.get(str(out.columns.name), out.columns.name)
    return out
