"""Whose account somebody belongs to and how well it fits, in plain Python."""

from .events import LOST, WON, Company, Person, World, closed_by, fits, seed


def domain_of(address: str) -> str:
    """What stands behind the at sign."""
    return address.split("@")[1]


def is_within(domain: str, owner: str) -> bool:
    """Whether a domain is another one or a subdomain of it."""
    return domain == owner or domain.endswith("." + owner)


def business_domain(person: Person) -> str | None:
    """The domain of the business address seen last."""
    free = {line["domain"] for line in seed("free_mail_domains")}
    business = [
        (last_seen, address)
        for address, last_seen in person.addresses
        if domain_of(address) not in free
    ]
    if not business:
        return None
    newest = max(last_seen for last_seen, _ in business)
    return domain_of(min(address for last_seen, address in business if last_seen == newest))


def crm_company(world: World, person: Person) -> Company | None:
    """The company that the CRM ties the person's contact to, if the CRM still has it."""
    wanted = person.contact and person.contact.company_id
    return next(
        (company for company in known_companies(world) if company.company_id == wanted), None
    )


def known_companies(world: World) -> list[Company]:
    """The companies that were created up to as_of and give away no mailboxes."""
    free = {line["domain"] for line in seed("free_mail_domains")}
    return [
        company
        for company in world.companies
        if company.domain not in free
        and (company.created_at is None or company.created_at <= world.as_of)
    ]


def company_of(world: World, person: Person) -> Company | None:
    """The person's company: the CRM's word, else the owner of the business domain."""
    company = crm_company(world, person)
    if company is not None:
        return company
    domain = business_domain(person)
    owners = [company for company in known_companies(world) if domain and company.domain == domain]
    return min(owners, key=lambda owner: owner.company_id, default=None)


def account_id_of(world: World, person: Person) -> str | None:
    """The person's account."""
    company = company_of(world, person)
    if company is not None:
        return f"company:{company.company_id}"
    domain = business_domain(person)
    return f"domain:{domain}" if domain else None


def is_competitor(person: Person) -> bool:
    """Whether an address is at a competitor."""
    return any(
        is_within(domain_of(address), line["domain"])
        for address, _ in person.addresses
        for line in seed("competitor_domains")
    )


def fit_of(world: World, person: Person) -> dict[str, int]:
    """Points per attribute that some rule likes."""
    company = company_of(world, person)
    title = (person.contact and person.contact.job_title) or person.job_title
    facts = {
        "industry": company and company.industry,
        "country": company and company.country,
        "size": company and company.employees,
        "role": title,
    }
    # Without a company and without an address nobody is judged.
    if company is None and not person.addresses and person.contact is None:
        return {}
    best: dict[str, int] = {}
    for rule in seed("fit_rules"):
        fact = facts[rule["attribute"]]
        if fact is None:
            continue
        if rule["attribute"] == "size":
            low, high = float(rule["at_least"] or 0), float(rule["at_most"] or "inf")
            good = low <= fact <= high
        else:
            good = fits(fact.lower(), rule["pattern"])
        if good and int(rule["points"]) > 0:
            best[rule["attribute"]] = max(best.get(rule["attribute"], 0), int(rule["points"]))
    return best


def is_stale(world: World, person: Person) -> bool:
    """Whether what the CRM knows about title and company may be out of date."""
    verified_at = person.contact and person.contact.verified_at
    if verified_at and verified_at < world.as_of - world.settings.firmographics_valid:
        return True
    company, domain = crm_company(world, person), business_domain(person)
    if company is None or company.domain is None or domain is None:
        return False
    return not is_within(domain, company.domain)


def open_deals(world: World, contact_ids: set[str]) -> int:
    """Deals of these contacts that are neither won nor lost as of as_of."""
    return sum(
        not deal.is_deleted
        and deal.created_at <= world.as_of
        and not is_closed(world, deal)
        and bool(contact_ids & set(deal.contact_ids))
        for deal in world.deals
    )


def is_closed(world: World, deal) -> bool:
    """Whether a deal was won or lost up to as_of."""
    return deal.stage in (*WON, *LOST) and closed_by(deal) <= world.as_of
