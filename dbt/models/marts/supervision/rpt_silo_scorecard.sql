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

months as (
    select * from {{ ref("int_silo_month") }}
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

energy as (
    select
        bill_month as business_date,
        'energy' as entity_code,
        'ami' as reference_system,
        'cis' as other_system,
        'kWh' as unit,
        collected_kwh as reference_value,
        billed_kwh as other_value,
        null::bigint as only_reference,
        null::bigint as only_other,
        collected_hash as reference_hash,
        billed_hash as other_hash
    from months
),

money as (
    select
        bill_month as business_date,
        'money' as entity_code,
        'cis' as reference_system,
        'finance' as other_system,
        'yuan' as unit,
        receivable_yuan as reference_value,
        received_yuan as other_value,
        owed_bills as only_reference,
        null::bigint as only_other,
        bills_hash as reference_hash,
        settled_hash as other_hash
    from months
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
