with accounts as (
    select * from {{ ref("stg_cis__account") }}
),

customers as (
    select * from {{ ref("stg_cis__customer") }}
),

contracts as (
    select * from {{ ref("int_account_contract") }}
),

households as (
    select * from {{ ref("stg_cis__household") }}
),

history as (
    select * from {{ ref("int_account_history") }}
),

organisations as (
    select * from {{ ref("dim_organisation") }}
),

categories as (
    select * from {{ ref("usage_category") }}
),

-- an account begins with its opening, or with an earlier contract
begun as (
    select
        accounts.account_no,
        least(accounts.opened_date, min(contracts.valid_from)) as begin_date
    from accounts
    left join contracts on accounts.account_no = contracts.account_no
    group by accounts.account_no, accounts.opened_date
),

-- of several versions of one date the last counts
versions as (
    select distinct on (account_no, changed_date) * from history
    order by account_no asc, changed_date asc, version_no desc
),

-- what was seen first reaches back to the begin
dated as (
    select
        versions.*,
        case
            when row_number() over account = 1 then coalesce(begun.begin_date, versions.changed_date)
            else greatest(versions.changed_date, begun.begin_date)
        end as register_from
    from versions
    inner join begun on versions.account_no = begun.account_no
    window account as (partition by versions.account_no order by versions.changed_date)
),

registered as (
    select
        *,
        lead(register_from) over (partition by account_no order by changed_date) as register_to
    from dated
),

-- every date on which something about an account changes
changes as (
    select account_no, register_from as changed_date from registered
    union
    select account_no, valid_from from contracts
    union
    select account_no, valid_to from contracts where valid_to is not null
    union
    select account_no, valid_from from households
    union
    select account_no, valid_to from households where valid_to is not null
),

described as (
    select
        changes.account_no,
        changes.changed_date as valid_from,
        registered.org_no,
        registered.usage_category,
        registered.industry_code,
        registered.voltage_code,
        contracts.tariff_code,
        contracts.contract_capacity_kva,
        contracts.capacity_charge_basis,
        contracts.power_factor_standard,
        coalesce(contracts.is_prepaid, false) as is_prepaid,
        registered.is_market_member,
        households.household_code,
        households.persons as household_persons,
        registered.status_code
    from changes
    inner join registered
        on
            changes.account_no = registered.account_no
            and changes.changed_date >= registered.register_from
            and (registered.register_to is null or changes.changed_date < registered.register_to)
    left join contracts
        on
            changes.account_no = contracts.account_no
            and changes.changed_date >= contracts.valid_from
            and (contracts.valid_to is null or changes.changed_date < contracts.valid_to)
    left join households
        on
            changes.account_no = households.account_no
            and changes.changed_date >= households.valid_from
            and (households.valid_to is null or changes.changed_date < households.valid_to)
),

compared as (
    select
        *,
        to_jsonb(described) - 'valid_from' as content,
        lag(to_jsonb(described) - 'valid_from') over account as content_before
    from described
    window account as (partition by account_no order by valid_from)
),

-- where nothing changes the period goes on
spans as (
    select
        *,
        lead(valid_from) over (partition by account_no order by valid_from) as valid_to
    from compared
    where content is distinct from content_before
),

final as (
    select
        spans.account_no || '-' || to_char(spans.valid_from, 'YYYYMMDD') as account_key,
        spans.account_no,
        spans.org_no,
        organisations.station_name_zh,
        organisations.district_name_zh,
        spans.usage_category,
        categories.usage_category_zh,
        spans.industry_code,
        spans.voltage_code,
        spans.tariff_code,
        spans.contract_capacity_kva,
        spans.capacity_charge_basis,
        spans.power_factor_standard,
        spans.is_prepaid,
        spans.is_market_member,
        spans.household_code,
        spans.household_persons,
        spans.status_code,
        {{ keyed_hash("accounts.customer_no") }} as customer_hash,
        {{ masked("customers.customer_name") }} as customer_name_masked,
        accounts.opened_date,
        spans.valid_from,
        spans.valid_to,
        spans.valid_to is null as is_current
    from spans
    inner join accounts on spans.account_no = accounts.account_no
    left join customers on accounts.customer_no = customers.customer_no
    left join organisations on spans.org_no = organisations.org_no
    left join categories on spans.usage_category = categories.usage_category
)

select * from final
