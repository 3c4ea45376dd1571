{{ config(indexes=[{"columns": ["entity_code", "canonical_no"]}]) }}

with keys as (
    select * from {{ ref("int_identity_key") }}
),

prefixes as (
    select * from {{ ref("identity_prefix") }}
),

rules as (
    select * from {{ ref("identity_rule") }}
),

registered as (
    select distinct
        psr_id::text as source_key,
        tran_code::text as canonical_no
    from {{ source("network", "pms_transformer") }}
),

-- of which a system ought to know every one
expected as (
    select * from {{ ref("int_identity_expected") }}
),

-- one system names each entity for all
canonical as (
    select
        entity_code,
        source_key as canonical_no,
        upper(trim(source_key)) as upper_no,
        regexp_replace(upper(source_key), '[^0-9A-Z]', '', 'g') as plain_no
    from keys
    where (entity_code, system_code) in (
        ('account', 'cis'), ('point', 'cis'), ('transformer', 'network'), ('organisation', 'network')
    )
),

written as (
    select
        keys.entity_code,
        keys.system_code,
        keys.source_key,
        upper(trim(keys.source_key)) as upper_no,
        regexp_replace(
            upper(trim(keys.source_key)), coalesce(prefixes.pattern, '^$'), coalesce(prefixes.replacement, '')
        ) as stripped_no
    from keys
    left join prefixes on keys.system_code = prefixes.system_code and keys.entity_code = prefixes.entity_code
),

plain as (
    select
        *,
        regexp_replace(stripped_no, '[^0-9A-Z]', '', 'g') as plain_no
    from written
),

candidates as (
    select plain.*, canonical.canonical_no, 'exact' as rule_code
    from plain
    inner join canonical on plain.entity_code = canonical.entity_code and plain.source_key = canonical.canonical_no
    union all
    select plain.*, registered.canonical_no, 'register'
    from plain
    inner join registered on plain.system_code = 'telemetry' and plain.source_key = registered.source_key
    union all
    select plain.*, canonical.canonical_no, 'letter_case'
    from plain
    inner join canonical on plain.entity_code = canonical.entity_code and plain.upper_no = canonical.upper_no
    union all
    select plain.*, canonical.canonical_no, 'prefix'
    from plain
    inner join canonical on plain.entity_code = canonical.entity_code and plain.stripped_no = canonical.upper_no
    union all
    select plain.*, canonical.canonical_no, 'punctuation'
    from plain
    inner join canonical on plain.entity_code = canonical.entity_code and plain.plain_no = canonical.plain_no
    union all
    select plain.*, canonical.canonical_no, 'padding'
    from plain
    inner join canonical
        on
            plain.entity_code = canonical.entity_code
            and ltrim(plain.plain_no, '0') = ltrim(canonical.plain_no, '0')
),

-- a rule that finds two finds none
decided as (
    select
        candidates.entity_code,
        candidates.system_code,
        candidates.source_key,
        candidates.rule_code,
        min(candidates.canonical_no) as canonical_no
    from candidates
    group by candidates.entity_code, candidates.system_code, candidates.source_key, candidates.rule_code
    having count(distinct candidates.canonical_no) = 1
),

best as (
    select distinct on (decided.entity_code, decided.system_code, decided.source_key) decided.*
    from decided
    inner join rules on decided.rule_code = rules.rule_code
    order by decided.entity_code asc, decided.system_code asc, decided.source_key asc, rules.priority asc
),

matched as (
    select
        keys.entity_code,
        keys.system_code,
        keys.source_key,
        best.canonical_no,
        coalesce(best.rule_code, 'none') as rule_code
    from keys
    left join best
        on
            keys.entity_code = best.entity_code
            and keys.system_code = best.system_code
            and keys.source_key = best.source_key
),

missing as (
    select
        expected.entity_code,
        expected.system_code,
        null::text as source_key,
        expected.canonical_no,
        'none' as rule_code
    from expected
    left join best
        on
            expected.entity_code = best.entity_code
            and expected.system_code = best.system_code
            and expected.canonical_no = best.canonical_no
    where best.canonical_no is null
),

every as (
    select * from matched
    union all
    select * from missing
),

final as (
    select
        every.entity_code || '/' || every.system_code || '/' || coalesce(every.source_key, '')
        || '/' || coalesce(every.canonical_no, '') as identity_key,
        every.entity_code,
        every.canonical_no,
        every.system_code,
        every.source_key,
        every.rule_code,
        rules.name_zh as rule_zh,
        rules.confidence,
        current_timestamp as built_at
    from every
    left join rules on every.rule_code = rules.rule_code
)

select * from final
