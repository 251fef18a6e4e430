"""Who exists at the demo identity providers. Nobody has a password."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    subject: str
    email: str
    given_name: str
    family_name: str
    department: str
    groups: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"


CONTOSO = (
    Person("c-1001", "alice@contoso.example", "Alice", "Archer", "Finance", ("Contoso-Finance", "Staff")),
    Person("c-1002", "adam@contoso.example", "Adam", "Ash", "IT", ("Contoso-Admins", "Staff")),
)
FABRIKAM = (
    Person("f-2001", "bob@fabrikam.example", "Bob", "Baker", "Sales", ("sales",)),
    Person("f-2002", "beth@fabrikam.example", "Beth", "Brook", "Operations", ("ops", "admins")),
)


def find(people: tuple[Person, ...], email: str) -> Person | None:
    return next((person for person in people if person.email == email), None)
