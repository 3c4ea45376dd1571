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

-- nearly all keys are written alike everywhere: the other rules look at the rest alone
exact as (
    select
        keys.entity_code,
        keys.system_code,
        keys.source_key,
        'exact' as rule_code,
        canonical.canonical_no
    from keys
    inner join canonical on keys.entity_code = canonical.entity_code and keys.source_key = canonical.canonical_no
),

rest as (
    select
        keys.entity_code,
        keys.system_code,
        keys.source_key,
        upper(trim(keys.source_key)) as upper_no,
        regexp_replace(
            upper(trim(keys.source_key)), coalesce(prefixes.pattern, '^$'), coalesce(prefixes.replacement, '')
        ) as stripped_no
    from keys
    left join exact
        on
            keys.entity_code = exact.entity_code
            and keys.system_code = exact.system_code
            and keys.source_key = exact.source_key
    left join prefixes on keys.system_code = prefixes.system_code and keys.entity_code = prefixes.entity_code
    where exact.source_key is null
),

plain as (
    select
        *,
        regexp_replace(stripped_no, '[^0-9A-Z]', '', 'g') as plain_no
    from rest
),

-- what a rule makes of a key, and of a number: one join for all rules, by one text that differs from its first letters
written as (
    select
        plain.entity_code,
        plain.system_code,
        plain.source_key,
        form.rule_code,
        form.written_no || '|' || form.rule_code || '|' || plain.entity_code as form_key
    from plain
    cross join lateral (
        values
        ('register', case when plain.system_code = 'telemetry' then plain.source_key end),
        ('letter_case', plain.upper_no),
        ('prefix', plain.stripped_no),
        ('punctuation', plain.plain_no),
        ('padding', ltrim(plain.plain_no, '0'))
    ) as form (rule_code, written_no)
),

known as (
    select
        canonical.canonical_no,
        form.written_no || '|' || form.rule_code || '|' || canonical.entity_code as form_key
    from canonical
    cross join
        lateral (
            values
            ('letter_case', canonical.upper_no),
            ('prefix', canonical.upper_no),
            ('punctuation', canonical.plain_no),
            ('padding', ltrim(canonical.plain_no, '0'))
        ) as form (rule_code, written_no)
    union all
    select
        canonical_no,
        source_key || '|register|transformer'
    from registered
),

-- a rule that finds two finds none
decided as (
    select
        written.entity_code,
        written.system_code,
        written.source_key,
        written.rule_code,
        min(known.canonical_no) as canonical_no
    from written
    inner join known on written.form_key = known.form_key
    group by written.entity_code, written.system_code, written.source_key, written.rule_code
    having count(distinct known.canonical_no) = 1
),

by_rule as (
    select distinct on (decided.entity_code, decided.system_code, decided.source_key)
        decided.entity_code,
        decided.system_code,
        decided.source_key,
        decided.rule_code,
        decided.canonical_no
    from decided
    inner join rules on decided.rule_code = rules.rule_code
    order by decided.entity_code asc, decided.system_code asc, decided.source_key asc, rules.priority asc
),

best as (
    select * from exact
    union all
    select * from by_rule
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
