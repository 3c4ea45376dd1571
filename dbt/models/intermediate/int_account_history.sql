{{
    config(
        materialized="incremental",
        incremental_strategy="append",
        full_refresh=false,
        schema="history",
        on_schema_change="fail",
        indexes=[{"columns": ["account_no", "version_no"], "unique": true}],
    )
}}

with accounts as (
    select * from {{ ref("stg_cis__account") }}
),

known as (
    {% if is_incremental() %}
        select distinct on (account_no) * from {{ this }} order by account_no asc, version_no desc
    {% else %}
        select
            *,
            opened_date as changed_date,
            0 as version_no
        from accounts
        where false
    {% endif %}
),

-- dated by the source, so that it does not matter when it was seen; never before what was seen earlier
final as (
    select
        accounts.account_no,
        coalesce(known.version_no, 0) + 1 as version_no,
        greatest({{ local_date("accounts.changed_at") }}, known.changed_date) as changed_date,
        accounts.org_no,
        accounts.usage_category,
        accounts.industry_code,
        accounts.voltage_code,
        accounts.status_code,
        accounts.is_market_member
    from accounts
    left join known on accounts.account_no = known.account_no
    where
        known.account_no is null
        or (
            accounts.org_no, accounts.usage_category, accounts.industry_code, accounts.voltage_code,
            accounts.status_code, accounts.is_market_member
        )
        is distinct from (
            known.org_no, known.usage_category, known.industry_code, known.voltage_code, known.status_code,
            known.is_market_member
        )
)

select * from final
