{{
    config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key=["business_date", "entity_code", "reference_system", "other_system"],
        on_schema_change="fail",
    )
}}

with identities as (
    select * from {{ ref("dim_identity") }} where source_key is not null
),

expected as (
    select * from {{ ref("int_identity_expected") }}
),

as_of as (
    select * from {{ ref("int_as_of") }}
),

ledger as (
    select * from {{ ref("fct_receivable") }} where kind_code = 'bill'
),

bills as (
    select * from {{ ref("fct_bill") }}
),

readings as (
    select * from {{ ref("fct_point_day") }} where point_kind = 'customer'
),

-- what the reference knows of those that the other system ought to know
references_of as (
    select
        identities.entity_code,
        identities.system_code,
        expected.system_code as other_system,
        identities.canonical_no
    from identities
    inner join expected
        on
            identities.entity_code = expected.entity_code
            and identities.canonical_no = expected.canonical_no
            and (identities.entity_code, identities.system_code) in (
                ('account', 'cis'), ('point', 'cis'), ('transformer', 'network'), ('organisation', 'network')
            )
),

referred as (
    select
        entity_code,
        system_code,
        other_system,
        count(distinct canonical_no) as keys,
        md5(string_agg(distinct canonical_no, ',' order by canonical_no)) as keys_hash
    from references_of
    group by entity_code, system_code, other_system
),

-- a key that no rule matches counts as itself
others as (
    select
        entity_code,
        system_code,
        count(distinct coalesce(canonical_no, source_key)) as keys,
        md5(string_agg(distinct coalesce(canonical_no, source_key), ',' order by coalesce(canonical_no, source_key)))
            as keys_hash
    from identities
    group by entity_code, system_code
),

shared as (
    select
        reference.entity_code,
        reference.other_system,
        count(distinct reference.canonical_no) as keys
    from references_of as reference
    inner join identities as other
        on
            reference.entity_code = other.entity_code
            and reference.canonical_no = other.canonical_no
            and reference.other_system = other.system_code
    group by reference.entity_code, reference.other_system
),

counted as (
    select
        as_of.settled_as_of as business_date,
        reference.entity_code,
        reference.system_code as reference_system,
        other.system_code as other_system,
        'keys' as unit,
        reference.keys::numeric as reference_value,
        other.keys::numeric as other_value,
        reference.keys - coalesce(shared.keys, 0) as only_reference,
        other.keys - coalesce(shared.keys, 0) as only_other,
        reference.keys_hash as reference_hash,
        other.keys_hash as other_hash
    from referred as reference
    cross join as_of
    inner join others as other
        on reference.entity_code = other.entity_code and reference.other_system = other.system_code
    left join shared
        on reference.entity_code = shared.entity_code and reference.other_system = shared.other_system
),

-- months that are billed; what was read is unknown before the first reading
collected as (
    select
        date_trunc('month', business_date)::date as bill_month,
        sum(import_kwh) as kwh,
        count(distinct account_no) as accounts,
        md5(string_agg(distinct account_no, ',' order by account_no)) as accounts_hash
    from readings
    group by date_trunc('month', business_date)::date
),

billed as (
    select
        bill_month,
        sum(energy_kwh) as kwh,
        count(distinct account_no) as accounts,
        md5(string_agg(distinct account_no, ',' order by account_no)) as accounts_hash
    from bills
    group by bill_month
),

energy as (
    select
        billed.bill_month as business_date,
        'energy' as entity_code,
        'ami' as reference_system,
        'cis' as other_system,
        'kWh' as unit,
        collected.kwh as reference_value,
        billed.kwh as other_value,
        null::bigint as only_reference,
        null::bigint as only_other,
        collected.accounts_hash as reference_hash,
        billed.accounts_hash as other_hash
    from billed
    left join collected on billed.bill_month = collected.bill_month
),

money as (
    select
        bill_month as business_date,
        'money' as entity_code,
        'cis' as reference_system,
        'finance' as other_system,
        'yuan' as unit,
        sum(receivable_yuan) as reference_value,
        sum(received_yuan) as other_value,
        count(*) filter (where outstanding_yuan > 0) as only_reference,
        null::bigint as only_other,
        md5(string_agg(bill_no, ',' order by bill_no)) as reference_hash,
        md5(string_agg(bill_no, ',' order by bill_no) filter (where outstanding_yuan = 0)) as other_hash
    from ledger
    group by bill_month
),

compared as (
    select * from counted
    union all
    select * from energy
    union all
    select * from money
),

final as (
    select
        business_date,
        entity_code,
        reference_system,
        other_system,
        unit,
        reference_value::numeric(18, 3) as reference_value,
        other_value::numeric(18, 3) as other_value,
        (other_value - reference_value)::numeric(18, 3) as difference,
        ((other_value - reference_value) / nullif(reference_value, 0))::numeric(12, 6) as difference_share,
        only_reference,
        only_other,
        reference_hash,
        other_hash,
        case
            when reference_value is null or other_value is null then 'unknown'
            when reference_hash = other_hash and other_value = reference_value then 'agree'
            when
                unit != 'keys'
                and abs(other_value - reference_value) <= {{ var("bill_tolerance_share") }} * reference_value
                then 'close'
            else 'differ'
        end as verdict_code,
        current_timestamp as built_at
    from compared
)

select * from final
