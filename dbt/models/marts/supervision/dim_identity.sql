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

-- of which a system ought to know every one
expected as (
    select * from {{ ref("int_identity_expected") }}
),

-- one system names each entity for all
canonical as (
    select
        entity_code,
        source_key as canonical_no
    from keys
    where (entity_code, system_code) in (
        ('account', 'cis'), ('point', 'cis'), ('transformer', 'network'), ('organisation', 'network')
    )
),

-- nearly all keys are written alike everywhere: the other rules look at the rest alone; is_exact, since PostgreSQL
-- takes what is null after this join for one row
compared as (
    select
        keys.entity_code,
        keys.system_code,
        keys.source_key,
        canonical.canonical_no,
        canonical.canonical_no is not null as is_exact
    from keys
    left join canonical on keys.entity_code = canonical.entity_code and keys.source_key = canonical.canonical_no
),

rest as (
    select
        compared.entity_code,
        compared.system_code,
        compared.source_key,
        upper(trim(compared.source_key)) as upper_no,
        regexp_replace(
            upper(trim(compared.source_key)), coalesce(prefixes.pattern, '^$'), coalesce(prefixes.replacement, '')
        ) as stripped_no
    from compared
    left join prefixes on compared.system_code = prefixes.system_code and compared.entity_code = prefixes.entity_code
    where not compared.is_exact
),

-- materialized: what is worked out here is joined by more than once
plain as materialized (
    select
        *,
        regexp_replace(stripped_no, '[^0-9A-Z]', '', 'g') as plain_no
    from rest
),

numbers as (
    select
        entity_code,
        canonical_no,
        upper(trim(canonical_no)) as upper_no,
        regexp_replace(upper(canonical_no), '[^0-9A-Z]', '', 'g') as plain_no
    from canonical
),

-- what rules make of the numbers, each once: a rule that finds two finds none
by_register as (
    select
        psr_id::text as source_key,
        min(tran_code)::text as canonical_no
    from {{ source("network", "pms_transformer") }}
    group by psr_id
    having min(tran_code) = max(tran_code)
),

by_upper as (
    select
        entity_code,
        upper_no,
        min(canonical_no) as canonical_no
    from numbers
    group by entity_code, upper_no
    having count(*) = 1
),

by_plain as (
    select
        entity_code,
        plain_no,
        min(canonical_no) as canonical_no
    from numbers
    group by entity_code, plain_no
    having count(*) = 1
),

by_padding as (
    select
        entity_code,
        ltrim(plain_no, '0') as unpadded_no,
        min(canonical_no) as canonical_no
    from numbers
    group by entity_code, ltrim(plain_no, '0')
    having count(*) = 1
),

found as (
    select
        plain.entity_code,
        plain.system_code,
        plain.source_key,
        by_register.canonical_no as register_no,
        by_upper.canonical_no as letter_case_no,
        by_prefix.canonical_no as prefix_no,
        by_plain.canonical_no as punctuation_no,
        by_padding.canonical_no as padding_no
    from plain
    left join by_register
        on
            plain.source_key = by_register.source_key
            and plain.entity_code = 'transformer'
            and plain.system_code = 'telemetry'
    left join by_upper on plain.upper_no = by_upper.upper_no and plain.entity_code = by_upper.entity_code
    left join by_upper as by_prefix
        on plain.stripped_no = by_prefix.upper_no and plain.entity_code = by_prefix.entity_code
    left join by_plain on plain.plain_no = by_plain.plain_no and plain.entity_code = by_plain.entity_code
    left join by_padding
        on ltrim(plain.plain_no, '0') = by_padding.unpadded_no and plain.entity_code = by_padding.entity_code
),

priorities as (
    select
        max(priority) filter (where rule_code = 'register') as register_priority,
        max(priority) filter (where rule_code = 'letter_case') as letter_case_priority,
        max(priority) filter (where rule_code = 'prefix') as prefix_priority,
        max(priority) filter (where rule_code = 'punctuation') as punctuation_priority,
        max(priority) filter (where rule_code = 'padding') as padding_priority
    from rules
),

-- the strictest rule that found one
ruled as (
    select
        found.entity_code,
        found.system_code,
        found.source_key,
        coalesce(rules.rule_code, 'none') as rule_code,
        case rules.rule_code
            when 'register' then found.register_no
            when 'letter_case' then found.letter_case_no
            when 'prefix' then found.prefix_no
            when 'punctuation' then found.punctuation_no
            when 'padding' then found.padding_no
        end as canonical_no
    from found
    cross join priorities
    left join rules
        on
            rules.priority = least(
                case when found.register_no is not null then priorities.register_priority end,
                case when found.letter_case_no is not null then priorities.letter_case_priority end,
                case when found.prefix_no is not null then priorities.prefix_priority end,
                case when found.punctuation_no is not null then priorities.punctuation_priority end,
                case when found.padding_no is not null then priorities.padding_priority end
            )
),

matched as (
    select
        entity_code,
        system_code,
        source_key,
        'exact' as rule_code,
        canonical_no
    from compared
    where is_exact
    union all
    select * from ruled
),

missing as (
    select
        expected.entity_code,
        expected.system_code,
        null::text as source_key,
        'none' as rule_code,
        expected.canonical_no
    from expected
    left join matched
        on
            expected.entity_code = matched.entity_code
            and expected.system_code = matched.system_code
            and expected.canonical_no = matched.canonical_no
    where matched.canonical_no is null
),

every as (
    select * from matched
    union all
    select * from missing
),

-- in the order of the primary key, which is then built in half the time
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

select * from final order by identity_key
