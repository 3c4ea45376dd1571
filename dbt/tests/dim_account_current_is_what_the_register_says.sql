-- the open period of an account has what the source says of it today
select
    registered.account_no,
    registered.org_no,
    periods.org_no as org_no_of_period
from {{ ref("stg_cis__account") }} as registered
inner join {{ ref("dim_account") }} as periods on registered.account_no = periods.account_no and periods.is_current
where
    (
        registered.org_no, registered.usage_category, registered.industry_code, registered.voltage_code,
        registered.status_code, registered.is_market_member
    )
    is distinct from (
        periods.org_no, periods.usage_category, periods.industry_code, periods.voltage_code, periods.status_code,
        periods.is_market_member
    )
