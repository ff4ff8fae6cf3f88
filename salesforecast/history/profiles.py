"""What a column looks like, and what its name says, in English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from salesforecast.errors import DataError
from salesforecast.history.dates import parse_dates
from salesforecast.history.numbers import parse_numbers

Kind = Literal["date", "number", "text", "empty"]
_SAMPLE = 3000

# What names say: (pattern over the name in lower case with words apart, weight).
ROLES: Mapping[str, tuple[tuple[str, int], ...]] = {
    "date": (
        (r"\border(ed)? date\b|\binvoice date\b|订单日期|下单|销售日期|交易日期|开票日期", 10),
        (r"\bdate\b|^ds$|日期|时间", 8),
        (r"\bmonth\b|\bperiod\b|\bweek\b|\bquarter\b|\bday\b|\byear\b|月|期间|季度|年度", 6),
        (r"\bship|\bdue\b|deliver|birth|hire|发货|交货|到货|创建|更新|出生|入职", -7),
    ),
    "amount": (
        (r"销售额|销售金额|成交额|成交金额|营业额|回款|业绩|订单金额", 10),
        (r"\bnet (sales|amount|revenue)\b|\bsales amount\b|\brevenue\b|\bturnover\b", 10),
        (r"\bsales\b|\bamount\b|\bvalue\b|\btotal\b|^y$|金额|收入|流水", 7),
        (r"\bgross\b", -1),
        (r"price|cost|\btax|discount|freight|profit|margin|pct|\brate\b|\bkey\b|return|target", -9),
        (r"quota|budget|\bunits?\b|quantity|\bid\b|number|利润|折扣|单价|成本|税|目标|指标|率", -9),
    ),
    "quantity": (
        (r"\bquantity\b|\bqty\b|\bunits\b|\bpieces\b|\bvolume\b|数量|件数|销量|台数", 8),
        (r"price|unit price|单价", -9),
    ),
    "person": (
        (r"sales ?person|sales ?rep|\bseller\b|account manager|\bemployee|\brep\b|salesman", 9),
        (r"业务员|销售员|销售人员|销售代表|客户经理|业务经理|导购|负责人|销售姓名", 9),
        (r"\bowner\b|\bagent\b|\bmanager\b|经理|姓名", 5),
        (r"customer|client|客户 ?(id|编号|名称)|target|quota", -9),
    ),
    "product": (
        (r"product category|\bcategory\b|\bcat\b|产品类别|产品大类|品类|类别|产品线|产品系列", 10),
        (r"\bproduct (line|group)\b|\bindustry\b|\bpurpose\b|\bdepartment\b|\bdept\b|\bbrand\b", 9),
        (r"行业|品牌|商品分类|部类", 9),
        (r"sub ?category|子类|小类|二级", -4),
        (r"\bproduct\b|\bitem\b|\bsku\b|产品|商品|物料", 5),
        (r"price|cost|单价", -9),
    ),
    "place": (
        (r"\bgroup\b|\bmarket\b|\bregion\b|\barea\b|\bzone\b|\bdivision\b|\bterritory\b", 9),
        (r"\bcountry\b|\bstate\b|\bprovince\b|\bcounty\b|\bcity\b|\bdistrict\b|\bbranch\b", 9),
        (r"\bstore\b|\bshop\b|\boutlet\b|\bretailer\b|\bwarehouse\b|\boffice\b", 9),
        (r"大区|战区|区域|地区|片区|省|自治区|城市|市区|国家|区县|门店|店铺|分公司|办事处|网点", 9),
        (r"日期|date|客户|customer|age|size|type|manager|经理|产品|product", -9),
    ),
    "line": (
        (r"\b(row|line) ?(id|no|number)?\b|行 ?id|行号|序号|流水号|明细号", 9),
        (r"\border ?(id|no|number)\b|\binvoice ?(id|no|number)?\b|订单 ?(id|编号|号)|单号", 8),
        (r"date|日期|amount|金额|customer|客户|product|产品", -9),
    ),
}


@dataclass(frozen=True)
class Profile:
    """One column of a table that nobody has explained yet.

    `ambiguous` is the message of a column that could be read in two ways; `note` what makes
    reading it special (a repair); `distinct` the number of different values.
    """

    name: str
    kind: Kind
    distinct: int
    filled: float
    values: pd.Series
    repairs: tuple[str, ...] = ()
    ambiguous: str = ""

    def says(self, role: str) -> int:
        """How well the name fits a role; zero or less when it does not."""
        text = words(self.name)
        hits = [weight for pattern, weight in ROLES[role] if re.search(pattern, text)]
        best = max((weight for weight in hits if weight > 0), default=0)
        return best + sum(weight for weight in hits if weight < 0) if best else 0


def words(name: str) -> str:
    """`SalesOrderNumber`, `net_sales` -> `sales order number`, `net sales`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return re.sub(r"[_\-./\s]+", " ", apart).strip().lower()


def profile(name: str, values: pd.Series) -> Profile:
    """Find out what a column holds from (a sample of) its values."""
    blank = values.isna() | (values.astype("str").str.strip() == "")
    filled = values[~blank]
    distinct, share = int(filled.nunique()), 1 - float(blank.mean())
    if filled.empty:
        return Profile(name, "empty", 0, 0.0, filled)
    if values.dtype.kind == "M":
        return Profile(name, "date", distinct, share, filled)
    sample = filled.iloc[:: max(1, len(filled) // _SAMPLE)]
    as_date = _try(parse_dates, sample)
    named = Profile(name, "text", distinct, share, filled).says("date") > 0
    numeric = sample.dtype.kind in "if" or sample.map(lambda v: isinstance(v, (int, float))).all()
    digits = sample.astype("str").str.fullmatch(r"-?\d+(\.\d+)?").mean() > 0.9
    if as_date and as_date[0] > 0.9 and (named or not (numeric or digits)):
        return Profile(name, "date", distinct, share, filled, as_date[1], as_date[2])
    if numeric:
        return Profile(name, "number", distinct, share, filled)
    as_number = _try(parse_numbers, sample.astype("str"))
    if as_number and as_number[0] > 0.9:
        return Profile(name, "number", distinct, share, filled, as_number[1], as_number[2])
    return Profile(name, "text", distinct, share, filled)


def _try(parse, sample: pd.Series) -> tuple[float, tuple[str, ...], str] | None:  # type: ignore[no-untyped-def]
    """Share that could be read, repairs, and why it is ambiguous; None when nothing fits."""
    try:
        parsed = parse(sample.reset_index(drop=True), cell=lambda at: f"row {at + 2}")
    except DataError as error:
        return 1.0, (), f"{error.what} {error.fix}"
    except (TypeError, OverflowError):
        return None
    return float(parsed.values.notna().mean()), tuple(parsed.repairs), ""
