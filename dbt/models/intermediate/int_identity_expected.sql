{{ config(indexes=[{"columns": ["entity_code", "system_code", "canonical_no"], "unique": true}]) }}

-- which numbers a system ought to know: one that serves only some is not blamed for the others
with as_of as (
    select * from {{ ref("int_as_of") }}
),

accounts as (
    select * from {{ ref("stg_cis__account") }}
),

points as (
    select * from {{ ref("stg_cis__metering_point") }}
),

transformers as (
    select * from {{ ref("stg_network__transformer") }}
),

organisations as (
    select * from {{ ref("stg_network__organisation") }}
),

final as (
    select
        'account' as entity_code,
        'crm' as system_code,
        account_no as canonical_no
    from accounts
    union all
    select
        'account',
        'market',
        account_no
    from accounts
    where is_market_member
    union all
    -- boundaries of feeders hang on no transformer
    select
        'point',
        'network',
        point_no
    from points
    where point_kind is distinct from 'feeder_boundary'
    union all
    -- readings are asked for the last week (int_identity_key); nobody reads a house that was closed before
    select
        'point',
        'ami',
        points.point_no
    from points
    cross join as_of
    left join accounts on points.account_no = accounts.account_no
    where
        coalesce(accounts.opened_date <= as_of.data_as_of, true)
        and coalesce(accounts.closed_date > as_of.data_as_of - 6, true)
    union all
    -- areas have a boundary meter and telemetry, a customer's own transformer has neither
    select
        'transformer',
        systems.system_code,
        transformers.transformer_no
    from transformers
    cross join (values ('ami'), ('telemetry')) as systems (system_code)
    where transformers.ownership_code = 'public'
    union all
    -- accounts and orders hang on stations
    select
        'organisation',
        systems.system_code,
        organisations.org_no
    from organisations
    cross join (values ('cis'), ('crm')) as systems (system_code)
    where organisations.org_type = 'station'
)

select * from final where canonical_no is not null
