"""The sample company, prepared and planned once."""

import pytest

from tests.exchange.company import inputs_of, plan_of


@pytest.fixture(scope="session")
def company_home(tmp_path_factory):
    """Where the sample company's organisation.toml and orders are."""
    return tmp_path_factory.mktemp("sample")


@pytest.fixture(scope="session")
def company(company_home):
    """The inputs of the sample company."""
    return inputs_of(company_home)


@pytest.fixture(scope="session")
def plan(company):
    """Its plan, with limits and people."""
    return plan_of(company)
