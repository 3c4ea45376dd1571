{{
    config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key=["business_date", "entity_code", "reference_system", "other_system"],
        on_schema_change="fail",
    )
}}

-- a key that no rule matches counts as itself; two keys of one number are one
with known as (
    select distinct
        entity_code,
        system_code,
        coalesce(canonical_no, source_key) as key_no
    from {{ ref("dim_identity") }}
    where source_key is not null
),

-- materialized: PostgreSQL thinks that a few keys are asked for, and would look up each in the index
expected as materialized (
    select * from {{ ref("int_identity_expected") }}
),

as_of as (
    select * from {{ ref("int_as_of") }}
),

months as (
    select * from {{ ref("int_silo_month") }}
),

-- what the reference knows of those that the other system ought to know
referred as (
    select
        expected.entity_code,
        expected.system_code as other_system,
        known.system_code as reference_system,
        expected.canonical_no as key_no
    from expected
    inner join known
        on
            expected.entity_code = known.entity_code
            and expected.canonical_no = known.key_no
            and (known.entity_code, known.system_code) in (
                ('account', 'cis'), ('point', 'cis'), ('transformer', 'network'), ('organisation', 'network')
            )
),

-- order-free: the sum of the hashes of the keys
keys as (
    select
        coalesce(referred.entity_code, known.entity_code) as entity_code,
        coalesce(referred.other_system, known.system_code) as other_system,
        max(referred.reference_system) as reference_system,
        count(referred.key_no) as reference_keys,
        count(known.key_no) as other_keys,
        count(*) filter (where referred.key_no = known.key_no) as shared_keys,
        sum(hashtextextended(referred.key_no, 0)) as reference_hash,
        sum(hashtextextended(known.key_no, 0)) as other_hash
    from referred
    full outer join known
        on
            referred.entity_code = known.entity_code
            and referred.other_system = known.system_code
            and referred.key_no = known.key_no
    group by coalesce(referred.entity_code, known.entity_code), coalesce(referred.other_system, known.system_code)
),

counted as (
    select
        as_of.settled_as_of as business_date,
        keys.entity_code,
        keys.reference_system,
        keys.other_system,
        'keys' as unit,
        keys.reference_keys::numeric as reference_value,
        keys.other_keys::numeric as other_value,
        keys.reference_keys - keys.shared_keys as only_reference,
        keys.other_keys - keys.shared_keys as only_other,
        md5(keys.reference_hash::text) as reference_hash,
        md5(keys.other_hash::text) as other_hash
    from keys
    cross join as_of
    where keys.reference_keys > 0 and keys.other_keys > 0
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
